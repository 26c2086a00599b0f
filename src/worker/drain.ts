import type { Clock } from '../core/clock.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { EmitWorkerEvent } from './worker-event.ts'

const sayEvery = milliseconds(10_000)

/**
 * Waits until nothing is under way, for at most `grace` or until `hurry` is aborted, and says every ten seconds what
 * it waits for.
 */
export async function drain(
  idle: Promise<void>,
  options: {
    readonly clock: Clock
    readonly grace: Milliseconds
    readonly hurry: AbortSignal
    readonly running: () => readonly TaskMessage[]
    readonly emit: EmitWorkerEvent
  },
): Promise<void> {
  const { clock, grace, hurry, running, emit } = options
  if (running().length > 0) emit({ kind: 'drainStarted', running: running(), grace })
  const over = new AbortController()
  void idle.then(() => over.abort())
  const wake = AbortSignal.any([over.signal, hurry])
  const begin = clock.monotonic()
  for (;;) {
    const waited = milliseconds(clock.monotonic() - begin)
    if (wake.aborted || waited >= grace) return
    if (waited >= sayEvery && running().length > 0) emit({ kind: 'drainWaiting', running: running(), waited })
    await clock.sleep(milliseconds(Math.min(sayEvery, grace - waited)), wake)
  }
}
