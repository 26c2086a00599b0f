import type { Milliseconds } from '../core/instant.ts'
import type { MissedPolicy, OverlapPolicy } from '../schedule/entry-spec.ts'
import { type Json, jsonList, jsonMap } from './json-kind.ts'
import { type Given, listOf, oneOf, oneOrMore } from './kind.ts'
import { queueName } from './queue-name.ts'
import type { Section } from './section.ts'
import { duration, durationOrNone, name, text, wholeNumber, yesOrNo } from './simple-kinds.ts'
import { type TaskValues, taskKeys } from './task-keys.ts'
import { cron, date, moment, zone } from './timing-kinds.ts'

export interface EntryValues {
  readonly cron: readonly Given<string>[]
  readonly every: Milliseconds
  readonly at: readonly Given<string>[]
  readonly task: string
  readonly args: readonly Json[]
  readonly kwargs: Readonly<Record<string, Json>>
  readonly queue: string
  readonly priority: number
  readonly timezone: string
  readonly anchor: string
  readonly jitter: Milliseconds
  readonly start: string
  readonly end: string
  readonly except: readonly string[]
  readonly missed: MissedPolicy
  readonly missed_window: Milliseconds
  readonly expires: Milliseconds | 'none'
  readonly overlap: OverlapPolicy
  readonly enabled: boolean
  readonly description: string
}

/** The shortest period of `every`. */
const shortestPeriodMs = 100

/** The keys of an entry under `schedules`: when it is due, what it calls, and what happens around it. */
export const entryKeys: Section<EntryValues> = {
  keys: {
    cron: {
      kind: oneOrMore(cron),
      doc: 'Five fields, or six with the second first, or @daily and the like.',
    },
    every: {
      kind: duration(shortestPeriodMs),
      doc: 'Multiples of a fixed length, counted from the Unix epoch or from `anchor`.',
    },
    at: { kind: oneOrMore(moment), doc: "Instants: the zone's clock, unless they carry an offset." },
    task: { kind: name, doc: 'A task of `tasks` or of a module.' },
    args: { kind: jsonList, doc: 'Positional arguments.' },
    kwargs: { kind: jsonMap, doc: 'Named arguments.' },
    queue: { kind: queueName, doc: 'The queue that its messages go to.', default: "the task's" },
    priority: { kind: wholeNumber(0, 9), doc: 'Larger goes first.', default: '4' },
    timezone: { kind: zone, doc: 'The zone of cron, local times and dates.', default: "the file's" },
    anchor: {
      kind: moment,
      doc: 'What the multiples of `every` are counted from.',
      default: 'the Unix epoch',
    },
    jitter: {
      kind: duration(0),
      doc: 'Moves the start by an offset below this, the same each time and different for each entry.',
    },
    start: { kind: moment, doc: 'Nothing is due before it.' },
    end: { kind: moment, doc: 'Nothing is due after it.' },
    except: { kind: listOf(date, 'a list of dates'), doc: 'Local dates on which nothing is due.' },
    missed: {
      kind: oneOf(['latest', 'all', 'skip']),
      doc: 'Which of the occurrences that were due while nothing emitted are made up for.',
      default: 'latest',
    },
    missed_window: {
      kind: duration(1),
      doc: 'How far back `missed` looks.',
      default: 'its successor; 1d for missed: all, 1h for at',
    },
    expires: {
      kind: durationOrNone(1),
      doc: 'What has not started this long after it should have never does, retries included.',
      default: 'none',
    },
    overlap: {
      kind: oneOf(['skip', 'allow', 'queue']),
      doc: 'What becomes of a run while another of its entry executes.',
      default: 'skip; queue for missed: all',
    },
    enabled: { kind: yesOrNo, doc: '`false`: it is never due, and can still be triggered.', default: 'true' },
    description: { kind: text, doc: 'For people.' },
  },
}

export type AnyValues = EntryValues & TaskValues

/** Everything that may stand in an entry: its own keys, and those of the task that it defines in place. */
export const entryAndTaskKeys: Section<AnyValues> = {
  keys: { ...taskKeys.keys, ...entryKeys.keys },
}

/** What says what one entry or one task is; everything else has a place under `defaults`. */
type Identity = 'cron' | 'every' | 'at' | 'task' | 'command' | 'shell' | 'description'

export type DefaultValues = Omit<AnyValues, Identity>

export const defaultsKeys: Section<DefaultValues> = {
  keys: withoutIdentity(entryAndTaskKeys.keys),
}

function withoutIdentity(keys: Section<AnyValues>['keys']): Section<DefaultValues>['keys'] {
  const { cron, every, at, task, command, shell, description, ...rest } = keys
  return rest
}
