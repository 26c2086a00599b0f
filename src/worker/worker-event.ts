import type { Instant, Milliseconds } from '../core/instant.ts'
import type { Isolation } from '../task/isolation.ts'
import type { Outcome } from '../task/outcome.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Verdict } from '../task/verdict.ts'

/** What a worker has to tell: its log, its metrics and its tests all listen to this. */
export type WorkerEvent =
  | WorkerLifeEvent
  | RunEvent
  | { readonly kind: 'taskUnknown'; readonly task: string; readonly message: TaskMessage } // once per name
  | { readonly kind: 'journalUnwritable'; readonly error: unknown } // no work is taken until it recovers
  | { readonly kind: 'journalRecovered'; readonly after: Milliseconds }
  /** Word of so many failures is not sent any more: no queue took it for too long, or too much waited for one. */
  | { readonly kind: 'noticesGivenUp'; readonly count: number }
  /** The broker cannot be asked for work; tried again every few seconds. */
  | { readonly kind: 'intakeFailed'; readonly error: unknown }
  /** The process that kills runs when the worker dies was gone; another follows. */
  | { readonly kind: 'guardLost'; readonly reason: string }
  /** Whether each run has a cgroup; `wanted`: whoever started the worker has asked for it. */
  | { readonly kind: 'cgroupsFound'; readonly path: string }
  | { readonly kind: 'cgroupsMissing'; readonly reason: string; readonly wanted: boolean }
  /**
   * None could be made for a run, which has its process group only: told again when one could be made since. Or the
   * run of this id (a process of many runs has none) could not enter its own.
   */
  | { readonly kind: 'cgroupFailed'; readonly reason: string; readonly run: string | undefined }
  /** A cell that had nothing to do is gone: something that a module has left in it. Another follows when needed. */
  | { readonly kind: 'cellLost'; readonly isolation: Isolation; readonly reason: string }
  /** What a module prints while no task of it runs: at its top level, or later. */
  | {
      readonly kind: 'modulePrinted'
      readonly isolation: Isolation
      readonly stream: 'stdout' | 'stderr'
      readonly line: string
    }
  /** A cell does not end and is left behind; with `most` of them the worker ends. */
  | {
      readonly kind: 'cellStuck'
      readonly isolation: Isolation
      readonly stuck: number
      readonly most: number
    }
  | { readonly kind: 'modulesLoaded'; readonly files: number; readonly tasks: number }
  | { readonly kind: 'moduleFailed'; readonly file: string; readonly reason: string }

export type WorkerLifeEvent =
  | { readonly kind: 'workerStarted'; readonly queues: readonly string[]; readonly concurrency: number }
  | {
      readonly kind: 'workerReloaded'
      readonly tasks: number
      readonly queues: readonly string[]
      readonly concurrency: number
    }
  /** No new work from here on; up to `grace` for what runs. */
  | {
      readonly kind: 'drainStarted'
      readonly running: readonly TaskMessage[]
      readonly grace: Milliseconds
    }
  | {
      readonly kind: 'drainWaiting'
      readonly running: readonly TaskMessage[]
      readonly waited: Milliseconds
    }
  | { readonly kind: 'workerStopped' }

/** What happens on one delivery's way. */
export type RunEvent =
  | { readonly kind: 'runStarted'; readonly message: TaskMessage; readonly lateness: Milliseconds }
  /** Recorded in the journal, and about to be settled; also those that never started (skipped, expired, revoked). */
  | {
      readonly kind: 'runEnded'
      readonly message: TaskMessage
      readonly outcome: Outcome
      readonly verdict: Verdict
      readonly ran: Ran | undefined
    }
  /** Its worker had died; `killed` processes of it were still there. */
  | {
      readonly kind: 'runTakenOver'
      readonly message: TaskMessage
      readonly instance: string
      readonly killed: number
    }
  /** It is being stopped because the worker stops; its end follows. */
  | { readonly kind: 'runInterrupted'; readonly message: TaskMessage; readonly reason: string }
  /** The broker could not be told what became of it; that is tried again, and otherwise it comes again. */
  | {
      readonly kind: 'settleFailed'
      readonly message: TaskMessage
      readonly verdict: Verdict
      readonly error: unknown
    }
  /** Its failure could not be told to this task; that is tried again. */
  | {
      readonly kind: 'noticeFailed'
      readonly message: TaskMessage
      readonly task: string
      readonly error: unknown
    }
  /** It could not be recorded or settled (the worker had to stop; or, with an error, a mistake of ours): it comes again. */
  | { readonly kind: 'runLeftUnsettled'; readonly message: TaskMessage; readonly error: unknown }
  | {
      readonly kind: 'outputLine'
      readonly message: TaskMessage
      readonly stream: 'stdout' | 'stderr'
      readonly line: string
      /** The line was too long for one event: the next of this stream continues it. */
      readonly cut: boolean
    }
  /** It has printed so many lines more than are told of one run; told when it has ended. */
  | { readonly kind: 'outputOmitted'; readonly message: TaskMessage; readonly lines: number }
  | {
      readonly kind: 'taskLogged'
      readonly message: TaskMessage
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly text: string
      readonly fields: Readonly<Record<string, unknown>> | undefined
    }
  /** The task succeeded, and what it returned cannot be kept. */
  | { readonly kind: 'resultDropped'; readonly message: TaskMessage; readonly reason: string }

export interface Ran {
  readonly started: Instant
  readonly duration: Milliseconds
  /** How long after its ETA it started. */
  readonly lateness: Milliseconds
}

export type EmitWorkerEvent = (event: WorkerEvent) => void
