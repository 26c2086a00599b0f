import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { RawConfirmChannel } from '../../src/amqp/amqplib-connect.ts'
import { ConfirmWindow } from '../../src/amqp/confirm-window.ts'
import { defaultDeadlines } from '../../src/amqp/deadlines.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
  'what is written while the watch over the last publish ends is watched too (%i ticks on)',
  async (ticks) => {
    let time = 1_000
    let wake = (): void => {}
    const clock: Clock = {
      ...systemClock,
      monotonic: () => milliseconds(time),
      sleep: () => new Promise((resolve) => (wake = resolve)),
    }
    const confirms: ((error: unknown) => void)[] = []
    const publish = (...given: [...unknown[], (error: unknown) => void]): boolean =>
      confirms.push(given[4] as (error: unknown) => void) > 0
    const raw = Object.assign(new EventEmitter(), { publish }) as unknown as RawConfirmChannel
    const over = new AbortController()
    const window = new ConfirmWindow(raw, {
      clock,
      deadlines: defaultDeadlines,
      lost: over.signal,
      blocked: false,
      readsSince: 0,
      destroy: (reason) => over.abort(reason),
    })
    const outgoing = { exchange: '', routingKey: 'q', body: Buffer.from('1'), headers: {} }
    const first = window.publish(outgoing)
    confirms[0]?.(null)
    expect(await first).toEqual({ kind: 'confirmed' })
    wake()
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve()
    const second = window.publish(outgoing)
    for (let look = 0; look < 4 && !over.signal.aborted; look++) {
      await setImmediate()
      time += defaultDeadlines.confirmMs
      wake()
    }
    await setImmediate()
    expect(over.signal.aborted).toBe(true)
    expect(await second).toMatchObject({ kind: 'unknown' })
  },
)
