import { relative } from 'node:path'
import { formatDuration } from '../core/duration.ts'
import { instant, milliseconds, toIso } from '../core/instant.ts'
import { toSnakeCase } from '../core/snake-case.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'
import type { TaskDefinition } from '../task/task-definition.ts'

/** What an entry or a task says, by the names of the file's keys. */
export type KeyTexts = ReadonlyMap<string, KeyText>

/** A value for comparison, and for people. */
export interface KeyText {
  readonly exact: string
  readonly shown: string
}

/** Everything but name and description, defaults included. `directory` is that of the file. */
export function keyTextsOf(item: EntrySpec | TaskDefinition, directory = '/'): KeyTexts {
  const keys = new Map<string, KeyText>()
  const put = (key: string, exact: string, shown = shortened(exact)): void => {
    keys.set(key, { exact, shown })
  }
  for (const [name, value] of Object.entries(item) as [string, unknown][]) {
    if (name === 'name' || name === 'description' || value === undefined) continue
    if (name === 'timings') for (const [key, text] of timingTexts(item as EntrySpec)) put(key, text)
    else if (name === 'action') for (const [key, text] of actionTexts(item as TaskDefinition)) put(key, text)
    else if (name === 'env')
      for (const [variable, text] of Object.entries(value as TaskDefinition['env']))
        put(`env.${variable}`, text, '…') // it may be a secret
    else put(toSnakeCase(name), textOf(name, value, directory))
  }
  return keys
}

function timingTexts({ timings }: EntrySpec): Map<string, string> {
  const texts = new Map<string, string>()
  for (const timing of timings) {
    const text =
      timing.kind === 'cron'
        ? timing.expression
        : timing.kind === 'every'
          ? formatDuration(timing.period)
          : toIso(timing.instant)
    const others = texts.get(timing.kind)
    texts.set(timing.kind, others === undefined ? text : `${others}, ${text}`)
  }
  return texts
}

function actionTexts({ action }: TaskDefinition): [string, string][] {
  if (action.kind === 'command') return [['command', JSON.stringify(action.argv)]]
  return action.kind === 'shell' ? [['shell', action.script]] : []
}

const lengths = new Set(['jitter', 'missedWindow', 'expires', 'timeout', 'softTimeout', 'killAfter'])
const instants = new Set(['anchor', 'start', 'end'])
const paths = new Set(['cwd', 'envFile'])

function textOf(name: string, value: unknown, directory: string): string {
  if (typeof value === 'number' && lengths.has(name)) return formatDuration(milliseconds(value))
  if (typeof value === 'number' && instants.has(name)) return toIso(instant(value))
  if (typeof value === 'string') return paths.has(name) ? besideFile(value, directory) : value
  return JSON.stringify(value)
}

/** Files are compared as if they stood in the same place: what lies beside them is named from there. */
function besideFile(path: string, directory: string): string {
  const below = relative(directory, path)
  return /^\.\.(\/|$)/.test(below) ? path : `./${below}`
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
