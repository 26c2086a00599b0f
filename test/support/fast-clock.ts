import { type Clock, systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'

/** Waiting and measuring go so many times as fast; the time of day is as it is. */
export function fastClock(times: number): Clock {
  return {
    now: systemClock.now,
    monotonic: () => milliseconds(performance.now() * times),
    sleep: (length, signal) => systemClock.sleep(milliseconds(length / times), signal),
  }
}
