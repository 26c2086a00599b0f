import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startSource } from '../support/taskbeat-source.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A directory with a configuration, and a module `tasks.ts` beside it. */
function prepare(yaml: string, module = ''): { directory: string; write(name: string, text: string): void } {
  const directory = temporaryDirectory()
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text)
  write('schedules.yaml', `state_dir: ./state\nlog: { format: json }\n${yaml}`)
  write('tasks.ts', `import { defineTask } from 'taskbeat'\n${module}`)
  return { directory, write }
}

test('a worker ends after its stop, whatever its modules have left open', async () => {
  const { directory } = prepare('worker: { modules: [./tasks.ts] }\n', 'setInterval(() => {}, 1000)\n')
  const worker = startSource(directory, 'worker')
  await worker.said(/working on/)
  worker.signal('SIGTERM')
  expect((await worker.end()).code).toBe(0)
})
