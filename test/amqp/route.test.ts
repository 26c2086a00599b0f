import { describe, expect, test } from 'vitest'
import { ladderSteps } from '../../src/amqp/ladder.ts'
import { destinationOf } from '../../src/amqp/route.ts'
import { instant, type Milliseconds, milliseconds, plus } from '../../src/core/instant.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'

const now = instant(1_800_000_000_000)
const hold = milliseconds(60_000)
const seconds = (count: number): Milliseconds => milliseconds(count * 1_000)

function wayOf(message: TaskMessage, type: 'quorum' | 'existing' = 'quorum'): string {
  const { exchange, routingKey } = destinationOf(message, now, { hold, typeOf: () => type })
  return exchange === '' ? routingKey : `${exchange} → ${routingKey}`
}

describe('a message goes', () => {
  const inSeconds = (count: number): TaskMessage => aMessage({ eta: plus(now, seconds(count)) })

  test.each([
    [-10, 'taskbeat'],
    [0, 'taskbeat'],
    [0.001, 'taskbeat.eta'],
    [60, 'taskbeat.eta'],
    [61, 'taskbeat.delay.30s.v1 → taskbeat.eta'],
    [64.999, 'taskbeat.delay.30s.v1 → taskbeat.eta'],
    [65, 'taskbeat.delay.60s.v1 → taskbeat.eta'],
    [3_604, 'taskbeat.delay.900s.v1 → taskbeat.eta'],
    [3_605, 'taskbeat.delay.3600s.v1 → taskbeat.eta'],
    [400 * 86_400, 'taskbeat.delay.4147200s.v1 → taskbeat.eta'],
  ])('%d s before it is due to %s', (wait, way) => {
    expect(wayOf(inSeconds(wait))).toBe(way)
  })

  test('to its entry’s lane when its runs may not overlap, due or not', () => {
    const lane = wayOf(anOccurrence('backup', { overlap: 'skip' }, { eta: now }))
    expect(lane).toMatch(/^taskbeat\.lane\.\d+$/)
    for (const overlap of ['skip', 'queue'] as const) {
      const at = (wait: number): TaskMessage =>
        anOccurrence('backup', { overlap }, { eta: plus(now, seconds(wait)) })
      expect(wayOf(at(-5))).toBe(lane)
      expect(wayOf(at(30))).toBe(lane)
      expect(wayOf(at(100))).toBe(`taskbeat.delay.60s.v1 → ${lane}`)
    }
    expect(wayOf(anOccurrence('backup', { overlap: 'allow' }, { eta: now }))).toBe('taskbeat')
  })

  test('to a queue of others as it is, whenever it is due', () => {
    expect(wayOf(inSeconds(9_000), 'existing')).toBe('taskbeat')
    expect(wayOf(anOccurrence('backup', { overlap: 'skip' }, { eta: now }), 'existing')).toBe('taskbeat')
  })

  test('through a short ladder in time, where workers hold for a second only', () => {
    const plan = { hold: seconds(1), typeOf: () => 'quorum' as const }
    expect(destinationOf(inSeconds(5), now, plan).exchange).toBe('')
    expect(destinationOf(inSeconds(10.4), now, plan).exchange).toBe('')
    expect(destinationOf(inSeconds(10.5), now, plan).exchange).toBe('taskbeat.delay.10s.v1')
  })
})

test.each([
  ['five minutes', 300],
  ['an hour', 3_600],
  ['thirty days', 30 * 86_400],
])('what is due in %s climbs the ladder, and is back with a worker before its ETA', (_, wait) => {
  const eta = plus(now, seconds(wait))
  let at = now
  let hops = 0
  for (;;) {
    const { exchange } = destinationOf(aMessage({ eta }), at, { hold, typeOf: () => 'quorum' })
    if (exchange === '') break
    const step = ladderSteps.find(({ name }) => name === exchange)
    at = plus(at, seconds(step?.seconds ?? 0))
    hops++
    expect(at).toBeLessThan(eta)
  }
  expect(eta - at).toBeLessThanOrEqual(hold)
  expect(hops).toBeLessThanOrEqual(20)
})
