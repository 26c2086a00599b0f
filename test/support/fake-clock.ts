import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/core/clock.ts'
import { type Instant, instant, type Milliseconds, milliseconds } from '../../src/core/instant.ts'

interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

/**
 * A clock that moves when it is told to, with a wall that can be set apart from the monotonic one.
 *
 * `advance` goes from one sleeper to the next and waits, before each step, until the loops under test sleep again: so
 * nothing is awaited by real time. `loops` is how many of them there are.
 */
export class FakeClock implements Clock {
  loops = 1
  #wall: number
  #monotonic = 1_000
  readonly #sleepers = new Set<Sleeper>()
  #watchers: (() => void)[] = []

  constructor(wall: string | number = '2026-11-22T08:00:00Z') {
    this.#wall = new Date(wall).getTime()
  }

  now(): Instant {
    return instant(this.#wall)
  }

  monotonic(): Milliseconds {
    return milliseconds(this.#monotonic)
  }

  sleep(length: Milliseconds, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper: Sleeper = { until: this.#monotonic + length, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake, { once: true })
      for (const watcher of this.#watchers.splice(0)) watcher()
    })
  }

  /** Resolves once every loop sleeps: all that could be done at this moment is done. */
  async untilAsleep(): Promise<void> {
    await setImmediate()
    while (this.#sleepers.size < this.loops) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
    }
  }

  /** Time goes by, and whoever's sleep is over acts at its moment. */
  async advance(length: number): Promise<void> {
    const end = this.#monotonic + length
    for (;;) {
      await this.untilAsleep()
      const first = [...this.#sleepers].sort((a, b) => a.until - b.until)[0]
      if (!first || first.until > end) break
      this.#pass(first.until - this.#monotonic)
      first.wake()
    }
    this.#pass(end - this.#monotonic)
  }

  /** Time goes by while the process does nothing, as when its event loop is blocked; the sleepers wake up late. */
  async block(length: number): Promise<void> {
    await this.untilAsleep()
    this.#pass(length)
    for (const sleeper of this.#sleepers) if (sleeper.until <= this.#monotonic) sleeper.wake()
    await this.untilAsleep()
  }

  /** The wall clock is set (or the machine slept, which looks the same); nobody is woken by it. */
  step(by: number): void {
    this.#wall += by
  }

  #pass(length: number): void {
    this.#wall += length
    this.#monotonic += length
  }
}
