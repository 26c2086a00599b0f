import type { Milliseconds } from '../core/instant.ts'
import { type BrokerValues, brokerKeys } from './broker-keys.ts'
import { type DefaultValues, defaultsKeys, entryAndTaskKeys } from './entry-keys.ts'
import { type HttpValues, httpKeys } from './http-keys.ts'
import { type Given, type Kind, listOf, oneOf, oneOrMore, placed } from './kind.ts'
import { path, pattern } from './path-kind.ts'
import type { Place } from './place.ts'
import { queueName } from './queue-name.ts'
import { queueMap } from './queues-kind.ts'
import { type Section, sectionOf, sectionSchema, type Values } from './section.ts'
import type { LogFormat, LogLevel, QueueSettings } from './settings.ts'
import { duration, size, wholeNumber } from './simple-kinds.ts'
import { taskKeys } from './task-keys.ts'
import { zone } from './timing-kinds.ts'

export interface WorkerValues {
  readonly modules: readonly Given<string>[]
  readonly queues: readonly string[]
  readonly concurrency: number
  readonly grace: Milliseconds
  readonly heap: number
  readonly recycle: Values<RecycleValues>
}

export interface RecycleValues {
  readonly runs: number
  readonly memory: number
}

export interface FileValues {
  readonly include: readonly Given<string>[]
  readonly timezone: string
  readonly state_dir: string
  readonly broker: Values<BrokerValues>
  readonly beat: Values<{ readonly lookahead: Milliseconds }>
  readonly defaults: Values<DefaultValues>
  readonly schedules: Place
  readonly tasks: Place
  readonly queues: readonly QueueSettings[]
  readonly worker: Values<WorkerValues>
  readonly http: Values<HttpValues>
  readonly log: Values<{ readonly level: LogLevel; readonly format: LogFormat }>
}

export const beatKeys: Section<{ readonly lookahead: Milliseconds }> = {
  keys: {
    lookahead: {
      kind: duration(100),
      doc: 'How long before it is due an occurrence is emitted.',
      default: '30s',
    },
  },
}

const mebibyte = 1_048_576
const terabyte = 1_000_000 * mebibyte

export const recycleKeys: Section<RecycleValues> = {
  keys: {
    runs: { kind: wholeNumber(1, 1_000_000_000), doc: 'After so many runs.', default: 'never' },
    memory: {
      kind: size(terabyte, '1000GiB', mebibyte, '1MiB'),
      doc: 'When it holds so much after a run.',
      default: 'never',
    },
  },
}

export const workerKeys: Section<WorkerValues> = {
  keys: {
    modules: {
      kind: listOf(placed(pattern('a path or a pattern', ['worker', 'dev'])), 'a list of paths'),
      doc: 'Files whose exported tasks this worker knows: paths or patterns, from the directory of this file.',
    },
    queues: {
      kind: listOf(queueName, 'a list of at least one queue', 1),
      doc: 'The queues it takes work from.',
      default: 'every queue that this file names, taskbeat first',
    },
    concurrency: { kind: wholeNumber(1, 10_000), doc: 'How many runs may execute at once.', default: '10' },
    grace: { kind: duration(0), doc: 'How long a stop waits for running tasks.', default: '5m' },
    heap: {
      kind: size(terabyte, '1000GiB', 16 * mebibyte, '16MiB'),
      doc: 'How much memory for its objects a thread or a process of module tasks may need; with more, its run has failed.',
      default: '512MiB',
    },
    recycle: {
      kind: sectionOf(recycleKeys),
      doc: 'When a thread or a process of module tasks is replaced by a fresh one.',
    },
  },
}

export const logKeys: Section<{ readonly level: LogLevel; readonly format: LogFormat }> = {
  keys: {
    level: {
      kind: oneOf(['debug', 'info', 'warn', 'error']),
      doc: 'The least that is logged.',
      default: 'info',
    },
    format: {
      kind: oneOf(['auto', 'pretty', 'journald', 'json']),
      doc: 'auto: journald where the journal reads it, pretty on a terminal, json otherwise.',
      default: 'auto',
    },
  },
}

/** The keys at the top of the file. */
export const fileKeys: Section<FileValues> = {
  keys: {
    include: {
      kind: oneOrMore(pattern('a path or a pattern', ['beat', 'worker', 'dev', 'client'])),
      doc: 'Files with more `schedules`, `tasks` and `queues`; a name may be given once. Relative paths in them start at them.',
    },
    timezone: {
      kind: zone,
      doc: 'The zone of cron and of local times; `local` is the machine’s.',
      default: 'UTC',
    },
    state_dir: {
      kind: path('a path', ['beat', 'worker', 'dev', 'client']),
      doc: 'Where taskbeat keeps what must survive.',
      default:
        '/var/lib/taskbeat for a file under /etc/taskbeat, else $STATE_DIRECTORY, else the XDG state home',
    },
    broker: { kind: sectionOf(brokerKeys), doc: 'Where messages wait between beat and worker.' },
    beat: { kind: sectionOf(beatKeys), doc: 'The process that emits what is due.' },
    defaults: {
      kind: sectionOf(defaultsKeys),
      doc: 'Keys of entries and tasks, for all that do not say otherwise; not what one of them is: when it is due, what it runs, its description.',
    },
    schedules: { kind: named(entryAndTaskKeys), doc: 'The entries: what is due when.' },
    tasks: { kind: named(taskKeys), doc: 'What entries and applications can call.' },
    queues: { kind: queueMap, doc: 'RabbitMQ: the queues that are not as we would make them.' },
    worker: { kind: sectionOf(workerKeys), doc: 'The process that executes.' },
    http: { kind: sectionOf(httpKeys), doc: 'Health and figures of the services, for monitoring.' },
    log: { kind: sectionOf(logKeys), doc: 'What is logged, and how.' },
  },
}

/** A map from names to what they mean, read later, when everything that it may refer to is known. */
function named<V>(section: Section<V>): Kind<Place> {
  return {
    expected: 'a map',
    get schema() {
      return { type: 'object', additionalProperties: sectionSchema(section) }
    },
    read: (at) => (at.node.kind === 'map' ? at : at.mismatch('a map')),
  }
}
