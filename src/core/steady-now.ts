import type { Clock } from './clock.ts'
import { type Instant, milliseconds } from './instant.ts'

const steadyEnough = milliseconds(60_000)
const leap = milliseconds(3_600_000)

/**
 * The time, for those who remove what is old by it: what a wrong clock has removed, no right one brings back. So it is
 * the time once the wall clock has gone for a minute without a leap of more than an hour, as the clock of a machine
 * leaps that has just started and hears the time from others. Undefined when the signal is aborted before.
 */
export async function steadyNow(clock: Clock, signal: AbortSignal): Promise<Instant | undefined> {
  while (!signal.aborted) {
    const ahead = clock.now() - clock.monotonic()
    await clock.sleep(steadyEnough, signal)
    const now = clock.now()
    if (!signal.aborted && Math.abs(now - clock.monotonic() - ahead) <= leap) return now
  }
  return undefined
}
