import type { Instant } from '../core/instant.ts'

/** Where in the life of a schedule group something was decided: a later stamp overrules an earlier one. */
export interface Stamp {
  readonly epoch: number
  readonly seq: number
}

/** What a message knows of the occurrence that it carries. Messages that were sent by hand have none. */
export interface MessageOccurrence {
  readonly entry: string
  readonly due: Instant
  /** The term and emission that it came from; a revocation holds for copies before its own stamp. */
  readonly stamp: Stamp
  readonly overlap: 'skip' | 'allow' | 'queue'
  /** With `queue`: how many may wait for the running one; whoever comes on top of them is skipped. */
  readonly waitLimit: number
  /** Its first attempt may not start at or after this instant: its successor is due. */
  readonly startBy?: Instant
  /** A successor will come, so a failure is told by the journal alone and no dead letter is kept. */
  readonly replaceable: boolean
}

/**
 * What travels: one call of one task. It names a task and never says how to run it; commands, limits and
 * environment are the worker's own configuration.
 */
export interface TaskMessage {
  /** Every copy and every attempt of the same call carries the same one. Ours are UUIDs; others choose their own. */
  readonly id: string
  readonly task: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly queue: string
  /** 0 to 9, larger first. */
  readonly priority: number
  /** It never starts earlier. */
  readonly eta: Instant
  /** From 1; only a retry by policy counts further, an attempt that was given back does not. */
  readonly attempt: number
  /** No attempt starts at or after this instant. */
  readonly expires?: Instant
  readonly occurrence?: MessageOccurrence
}

/** The priority of what says nothing about it. */
export const defaultPriority = 4

/** The queue of what names none. */
export const defaultQueue = 'taskbeat'

/** The largest message that a broker of ours accepts, encoded: a task is sent names and numbers, not files. */
export const largestMessageBytes = 262_144

/** The same message for its next attempt, or for the same attempt later. */
export function rescheduled(message: TaskMessage, change: { attempt?: number; eta: Instant }): TaskMessage {
  return { ...message, ...change }
}
