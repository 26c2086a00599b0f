import { expect, test } from 'vitest'
import { instant, milliseconds } from '../../src/core/instant.ts'
import { nextStart } from '../../src/schedule/next-start.ts'
import { at, makeEntry } from './make-spec.ts'

const nine = at('2026-11-22T09:00:00Z')

test('an entry starts next at its next slot', () => {
  const entry = makeEntry({ timings: [{ kind: 'cron', expression: '0 9 * * *' }] })
  expect(nextStart(entry, instant(nine - 1))).toBe(nine)
  expect(nextStart(entry, nine)).toBe(at('2026-11-23T09:00:00Z'))
})

test('an occurrence that is due already starts next while its jitter holds it back', () => {
  const entry = makeEntry({
    timings: [{ kind: 'cron', expression: '0 9 * * *' }],
    jitter: milliseconds(3_600_000),
  })
  const eta = entry.etaOf(nine)
  expect(eta).toBeGreaterThan(nine)
  expect(nextStart(entry, nine)).toBe(eta)
  expect(nextStart(entry, instant(eta - 1))).toBe(eta)
  expect(nextStart(entry, eta)).toBe(entry.etaOf(at('2026-11-23T09:00:00Z')))
})

test('an entry that is disabled or over never starts', () => {
  const timings = [{ kind: 'at', instant: nine }] as const
  expect(nextStart(makeEntry({ timings }), nine)).toBeUndefined()
  expect(nextStart(makeEntry({ timings, enabled: false }), instant(nine - 1))).toBeUndefined()
})
