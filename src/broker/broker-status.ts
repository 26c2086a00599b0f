import type { Instant } from '../core/instant.ts'
import type { LeaderStatus } from './term.ts'

/** What a broker can say of itself at one moment. */
export interface BrokerStatus {
  readonly leaders: readonly LeaderStatus[]
  readonly workers: readonly WorkerStatus[]
  readonly queues: readonly QueueStatus[]
}

export interface WorkerStatus {
  readonly instance: string
  readonly host: string
  readonly pid: number
  readonly since: Instant
  readonly queues: readonly string[]
  readonly slots: number
  /** Deliveries that it holds. */
  readonly running: number
}

export interface QueueStatus {
  readonly name: string
  /** Due, and not handed out yet. */
  readonly ready: number
  /** Waiting for their ETA. */
  readonly scheduled: number
  /** Handed out. */
  readonly running: number
  readonly dead: number
}
