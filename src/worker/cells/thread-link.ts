import { isMap } from '../../core/is-map.ts'
import type { CellReport } from './cell.ts'
import { isPrinted, isReport } from './is-report.ts'

/** What a thread sends to its worker. */
export type FromThread =
  | { readonly kind: 'report'; readonly report: CellReport }
  | {
      readonly kind: 'printed'
      readonly stream: 'stdout' | 'stderr'
      readonly chunk: string | Uint8Array
    }

/** Whether it came from this cell's program, and not from code that posts to its parent. */
export function isFromThread(value: unknown): value is FromThread {
  if (!isMap(value)) return false
  if (value.kind === 'report') return isReport(value.report)
  return isPrinted(value) && (typeof value.chunk === 'string' || value.chunk instanceof Uint8Array)
}

/** Output that was sent and is not read yet makes the thread wait from here on. */
const mostUnread = 65_536

/** What a short line costs beside its text. */
const envelope = 64

/** What counts as output of this message: what a task can send without end. */
export function weightOf(message: FromThread): number {
  if (message.kind === 'printed') return message.chunk.length + envelope
  const { report } = message
  if (report.kind !== 'logged') return 0
  return report.text.length + (report.fields ? JSON.stringify(report.fields).length : 0) + envelope
}

/** How much of a thread's output its worker has not read yet, counted in memory that both see. */
export class Unread {
  readonly #counter: Int32Array<SharedArrayBuffer>

  constructor(counter: Int32Array<SharedArrayBuffer>) {
    this.#counter = counter
  }

  /** The thread's side: waits, with everything that the thread does, until there is room. */
  add(weight: number): void {
    for (;;) {
      const unread = Atomics.load(this.#counter, 0)
      if (unread < mostUnread) break
      Atomics.wait(this.#counter, 0, unread)
    }
    Atomics.add(this.#counter, 0, weight)
  }

  /** The worker's side. */
  subtract(weight: number): void {
    Atomics.sub(this.#counter, 0, weight)
    Atomics.notify(this.#counter, 0)
  }
}
