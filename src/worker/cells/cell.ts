/**
 * Cells: where module tasks run that do not run inline. A cell is a thread or a process with the task modules loaded,
 * that makes one attempt at a time. The worker's own thread never imports what runs in cells: it learns from a cell's
 * listing which tasks there are.
 *
 *   opened ──load──▶ loaded ──run──▶ running ──ended──▶ loaded …      any of them ──▶ gone: killed, or by itself
 *
 * What is sent is plain data, in order, and a run costs one message each way: `run` → `ended`, with `logged` and what
 * is printed between them. A cell is not told what it may do: its worker watches the limits and kills it, since code
 * that blocks hears nothing. Whatever happens in a cell, its slot is free when it is gone, and another takes its place.
 *
 * On each failure:
 * - The handler throws: an ending like any other; the cell goes on.
 * - It ends the thread or the process, or leaves an error behind that nobody catches, or needs more heap than there
 *   is: the attempt has failed, with the reason in words, and the cell is gone.
 * - It leaves a promise behind that rejects while the cell runs another: that is told, and fails nobody; the cell ends
 *   after it.
 * - It leaves hardly any heap: the next has a cell of its own, for it would fail in its stead.
 * - It blocks, or does not heed the signal: it is killed when its time is up.
 * - It prints without end: it is made to wait until the worker has read, so that the worker's memory is bounded.
 * - It cannot be killed, because a thread is inside a call of the system that does not return, or a loop that V8 does
 *   not interrupt: it is left behind, stuck, and counted; with too many of them the worker asks to be started again.
 */
import type { TaskLog } from '../../task/task-context.ts'
import type { TaskMessage } from '../../task/task-message.ts'
import type { HandlerEnding } from '../executors/call-handler.ts'
import type { Thrown } from '../executors/thrown.ts'
import type { ModuleListing } from '../module-listing.ts'

/** What a cell is told. */
export type CellOrder =
  /** `measure`: say after each run what is held. */
  | { readonly kind: 'load'; readonly patterns: readonly string[]; readonly measure: boolean }
  /** Comes when the one before has ended. */
  | { readonly kind: 'run'; readonly message: TaskMessage }
  /** The attempt shall come to its end: its signal is aborted. */
  | { readonly kind: 'abort'; readonly reason: string }

/** What a cell tells. */
export type CellReport =
  /** It begins to import this file; said when it takes long, or for ever. */
  | { readonly kind: 'importing'; readonly file: string }
  | { readonly kind: 'loaded'; readonly listing: ModuleListing }
  | {
      readonly kind: 'logged'
      readonly level: keyof TaskLog
      readonly text: string
      readonly fields?: Readonly<Record<string, unknown>> | undefined
    }
  /** In bytes: what its heap holds now, and `memory`, all that the cell holds, if that is to be said. */
  | {
      readonly kind: 'ended'
      readonly ending: HandlerEnding
      readonly heap: number
      readonly memory?: number
    }
  /**
   * An error that nobody caught: nothing in the cell is to be relied on any more. `leftBy`: it is a promise that the
   * attempt of this id has left behind, and concerns none that came after it.
   */
  | { readonly kind: 'strayed'; readonly thrown: Thrown; readonly leftBy?: string }

export interface CellListener {
  report(report: CellReport): void
  printed(stream: 'stdout' | 'stderr', chunk: Buffer): void
  /** Nothing follows. `how` is fit to follow "failed: ". */
  gone(how: string): void
}

/** A thread or a process that hosts tasks. */
export interface Cell {
  order(order: CellOrder): void
  /** Ends it by force. Resolves with false when it does not end: `gone` comes whenever it does, or never. */
  kill(): Promise<boolean>
}

/** `heapBytes`: how much its heap may hold. */
export type OpenCell = (listener: CellListener, heapBytes: number) => Cell
