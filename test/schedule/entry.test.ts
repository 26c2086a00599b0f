import { describe, expect, it } from 'vitest'
import { instant, milliseconds, toIso } from '../../src/core/instant.ts'
import { uuidV5 } from '../../src/core/uuid.ts'
import { cronTimeline } from '../../src/schedule/cron-cache.ts'
import type { Timing } from '../../src/schedule/entry-spec.ts'
import { hashOf, scheduleHash } from '../../src/schedule/spec-hash.ts'
import { at, makeEntry, makeSpec } from './make-spec.ts'

const everyMinute: Timing = { kind: 'every', period: milliseconds(60_000) }
const due = at('2026-11-22T08:00:00Z')
const minuteLater = at('2026-11-22T08:01:00Z')
const namespace = '6f1c7a52-6f5d-4b8e-9a53-0d5a3a3f7f10'

describe('an entry', () => {
  it('is due when one of its rules says so, in its zone, but not on its exceptions', () => {
    const timings: Timing[] = [
      { kind: 'cron', expression: '0 9 * * *' },
      { kind: 'cron', expression: '0 18 * * 5' },
    ]
    const entry = makeEntry({ timings, timezone: 'Europe/Berlin', except: ['2026-11-27'] })
    const dues: string[] = []
    for (
      let next = entry.timeline.next(at('2026-11-26T00:00:00Z'));
      next && dues.length < 3;
      next = entry.timeline.next(next)
    )
      dues.push(toIso(next))
    expect(dues).toEqual(['2026-11-26T08:00:00.000Z', '2026-11-28T08:00:00.000Z', '2026-11-29T08:00:00.000Z'])
  })

  it('with several instants is due at each', () => {
    const timings: Timing[] = [due, minuteLater].map((instant) => ({ kind: 'at', instant }))
    expect(makeEntry({ timings }).timeline.count(instant(0), minuteLater, 10)).toBe(2)
  })

  it('is never due while it is disabled', () => {
    expect(makeEntry({ timings: [everyMinute], enabled: false }).timeline.next(due)).toBeUndefined()
  })

  it('shares what its cron expression compiles to', () => {
    const timings: Timing[] = [{ kind: 'cron', expression: '0 9 * * *' }]
    expect(makeEntry({ timings }).timeline).toBe(cronTimeline('0 9 * * *', 'UTC'))
  })

  it('refuses what the configuration should have refused', () => {
    expect(() => makeEntry({ timings: [{ kind: 'cron', expression: '61 * * * *' }] })).toThrow(
      'expected minute 0–59',
    )
  })
})

describe('an occurrence', () => {
  it('has an id that follows from namespace, entry and due', () => {
    const entry = makeEntry({ timings: [everyMinute], jitter: milliseconds(30_000) })
    expect(entry.idOf(namespace, due)).toBe(uuidV5(namespace, 'backup\n2026-11-22T08:00:00.000Z'))
  })

  it('has an ETA that jitter moves by the same offset every time, and by others for other names', () => {
    const jitter = milliseconds(30_000)
    const offsets = ['a', 'b', 'c', 'd'].map((name) => {
      const entry = makeEntry({ name, timings: [everyMinute], jitter })
      expect(entry.etaOf(minuteLater) - minuteLater).toBe(entry.etaOf(due) - due)
      return entry.etaOf(due) - due
    })
    expect(new Set(offsets).size).toBe(4)
    for (const offset of offsets) {
      expect(offset).toBeGreaterThanOrEqual(0)
      expect(offset).toBeLessThan(jitter)
    }
    expect(makeEntry({ timings: [everyMinute] }).etaOf(due)).toBe(due)
  })

  it('may start until the ETA of its successor', () => {
    const entry = makeEntry({ timings: [everyMinute], jitter: milliseconds(30_000) })
    expect(entry.startByOf(due)).toBe(entry.etaOf(minuteLater))
    expect(entry.replaceable(due)).toBe(true)
  })

  it.each([
    ['that counts each time', { missed: 'all', overlap: 'queue' }, false],
    ['whose runs queue', { overlap: 'queue' }, true],
    ['that has no successor', { end: due }, false],
  ] as const)('of an entry %s may start at any time', (_, said, replaceable) => {
    const entry = makeEntry({ timings: [everyMinute], ...said })
    expect(entry.startByOf(due)).toBeUndefined()
    expect(entry.replaceable(due)).toBe(replaceable)
  })

  it('expires only when that is said, counted from its ETA', () => {
    const jitter = milliseconds(30_000)
    const entry = makeEntry({ timings: [everyMinute], jitter, expires: milliseconds(5_000) })
    expect(entry.expiresOf(due)).toBe(entry.etaOf(due) + 5_000)
    expect(makeEntry({ timings: [everyMinute] }).expiresOf(due)).toBeUndefined()
  })
})

describe('the hash of an entry', () => {
  const spec = makeSpec({ timings: [everyMinute], kwargs: { a: 1, b: [null, 'x'] } })

  it('does not depend on the order of keys, on the description, nor on what is undefined', () => {
    const reversed = Object.fromEntries(Object.entries(spec).toReversed()) as typeof spec
    expect(hashOf({ ...reversed, kwargs: { b: [null, 'x'], a: 1 }, description: 'nightly' })).toBe(
      hashOf(spec),
    )
  })

  it('does not depend on how a time was written that its zone skips', () => {
    const instant = at('2026-03-29T01:00:00Z')
    const remarked = { ...spec, timings: [{ kind: 'at', instant, remark: 'it does not exist' }] } as const
    expect(hashOf(remarked)).toBe(hashOf({ ...spec, timings: [{ kind: 'at', instant }] }))
  })

  it('depends on everything else', () => {
    const others = [
      { name: 'other' },
      { enabled: false },
      { args: [1] },
      { args: ['1'] },
      { kwargs: { a: 1, b: ['x', null] } },
      { jitter: milliseconds(1) },
      { timings: [{ kind: 'every' as const, period: milliseconds(60_001) }] },
    ].map((said) => hashOf({ ...spec, ...said }))
    expect(new Set([hashOf(spec), ...others]).size).toBe(others.length + 1)
  })

  it('together with the others makes that of the schedule, in any order', () => {
    expect(scheduleHash(['a', 'b'])).toBe(scheduleHash(new Set(['b', 'a'])))
    expect(scheduleHash(['a', 'b'])).not.toBe(scheduleHash(['a']))
  })

  it('stays what it is from one version to the next, because beats of both compare it', () => {
    expect(hashOf(spec)).toBe('610efd2ba96338f4ca7afff1476c951fbadc91ee')
  })
})
