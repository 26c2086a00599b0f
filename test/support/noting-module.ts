/**
 * A module whose task \`note\` writes the same lines as the script \`./note start\`, without a process or a thread of its own:
 * whoever judges time by it judges the worker's.
 */
export const notingModule: string = `
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineTask } from 'taskbeat'

const notes = join(import.meta.dirname, 'notes')

export const note = defineTask('note', ({ entry, due, id, attempt }) => {
  const now = Date.now()
  appendFileSync(notes, \`start \${entry} \${due?.toISOString()} \${id} \${attempt} \${now}\\n\`)
}, { isolation: 'inline' })
`
