import type { Milliseconds } from '../core/instant.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'
import type { TaskDefaults, TaskDefinition } from '../task/task-definition.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFormat = 'auto' | 'pretty' | 'journald' | 'json'

/** Where a process answers questions; only this machine can ask there. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Where messages wait. */
export type BrokerSettings =
  | {
      readonly kind: 'sqlite'
      readonly group: string
      /** Absolute path of the embedded broker's database. */
      readonly path: string
    }
  | {
      readonly kind: 'amqp'
      readonly group: string
      /** At least one; they may hold a password. */
      readonly urls: readonly string[]
      readonly passwordFile?: string
      /** Absolute paths. */
      readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string }
      readonly heartbeat: Milliseconds
      readonly hold: Milliseconds
      readonly consumerTimeout: Milliseconds
    }

export interface QueueSettings {
  readonly name: string
  readonly type: 'quorum' | 'classic' | 'existing'
}

/** Everything that schedules.yaml says, validated, defaults filled in, paths absolute. Plain data. */
export interface Settings {
  /** Absolute path of the file it was read from. */
  readonly file: string
  /** Absolute paths and patterns of the files that belong to it. */
  readonly include: readonly string[]
  readonly timezone: string
  readonly stateDir: string
  readonly broker: BrokerSettings
  /** The queues of which the file says how RabbitMQ keeps them; others are quorum queues of ours. */
  readonly queues: readonly QueueSettings[]
  readonly beat: { readonly lookahead: Milliseconds }
  /** In the order of the file. */
  readonly schedules: readonly EntrySpec[]
  /** Of the file's own `tasks`, in its order, then those that entries define in place. */
  readonly tasks: readonly TaskDefinition[]
  /** What holds for a task of a module that the file does not mention. */
  readonly taskDefaults: TaskDefaults
  readonly worker: {
    /** Glob patterns of task modules, absolute. */
    readonly modules: readonly string[]
    /** At least one. */
    readonly queues: readonly string[]
    readonly concurrency: number
    readonly grace: Milliseconds
    /** How much the heap of a thread or a process of module tasks may hold. */
    readonly heapBytes: number
    /** When such a one is replaced; what is undefined is no reason. */
    readonly recycle: { readonly runs?: number; readonly memory?: number }
  }
  /** Which process answers where; one that is absent does not. */
  readonly http: { readonly beat?: ListenAddress; readonly worker?: ListenAddress }
  readonly log: { readonly level: LogLevel; readonly format: LogFormat }
}
