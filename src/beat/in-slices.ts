import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../core/clock.ts'

/** How long the event loop may be kept: a watchdog, a signal or a confirm waits no longer than this. */
const sliceMs = 15

/** Does something with each of many things, and lets the event loop turn every few milliseconds. */
export async function inSlices<T>(
  things: Iterable<T>,
  clock: Clock,
  each: (thing: T) => void,
): Promise<void> {
  let sliceEnd = clock.monotonic() + sliceMs
  for (const thing of things) {
    each(thing)
    if (clock.monotonic() < sliceEnd) continue
    await setImmediate()
    sliceEnd = clock.monotonic() + sliceMs
  }
}
