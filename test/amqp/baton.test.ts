import { describe, expect, test } from 'vitest'
import {
  type Baton,
  claimedBy,
  compareBatons,
  encodeBaton,
  firstBaton,
  followedBy,
  parseBaton,
} from '../../src/amqp/baton.ts'
import { instant } from '../../src/core/instant.ts'

const namespace = '5c2a8f64-0d52-4a8e-9d0c-0f6f6f3f7c11'
const now = instant(1_800_000_000_000)
const holder = { host: 'one', pid: 7, scheduleHash: 'aaaa', knownSince: now, since: now }
const baton: Baton = {
  ...claimedBy(firstBaton(namespace, now), holder, now),
  cursor: { due: now, entry: '\uffff' },
}

function body(change: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify({ ...JSON.parse(encodeBaton(baton).toString()), ...change }))
}

describe('a baton', () => {
  test('is read as it was written', () => {
    for (const each of [baton, firstBaton(namespace, now), followedBy(baton, { resigned: true }, now)])
      expect(parseBaton(encodeBaton(each))).toEqual(each)
  })

  test('says nothing of since when its schedule is known, where an earlier version wrote it', () => {
    const { knownSince, ...rest } = holder
    expect(parseBaton(body({ holder: rest }))).toMatchObject({ holder: { ...rest, knownSince: undefined } })
    expect(knownSince).toBe(now)
  })

  test('of a later epoch is newer, and within an epoch the later written one', () => {
    const claimed = claimedBy(baton, holder, now)
    const next = followedBy(baton, {}, now)
    expect(claimed).toMatchObject({ epoch: 2, seq: 0, cursor: baton.cursor, namespace })
    expect(next).toMatchObject({ epoch: 1, seq: 1 })
    expect([next, claimed, baton].sort(compareBatons)).toEqual([baton, next, claimed])
    expect(compareBatons(baton, { ...baton, writtenAt: instant(0) })).toBe(0)
  })

  test('of two that begin a group at once the same one is newer for everybody', () => {
    const other = firstBaton('0d52ffff-0d52-4a8e-9d0c-0f6f6f3f7c11', now)
    const one = firstBaton(namespace, now)
    expect(compareBatons(one, other)).toBeGreaterThan(0)
    expect(compareBatons(other, one)).toBeLessThan(0)
  })

  test('put down in order is no longer so for the one who claims it', () => {
    expect(claimedBy(followedBy(baton, { resigned: true }, now), holder, now).resigned).toBe(false)
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from('{"v":1,')],
    ['no map', Buffer.from('[]')],
    ['null', Buffer.from('null')],
    ['more than 64 KiB', body({ filler: 'x'.repeat(65_536) })],
    ['a hundred thousand brackets', Buffer.from('['.repeat(60_000))],
    ['no version', body({ v: undefined })],
    ['version 0', body({ v: 0 })],
    ['a version in words', body({ v: '1' })],
    ['a namespace that is no UUID', body({ namespace: 'mine' })],
    ['an epoch below 0', body({ epoch: -1 })],
    ['an epoch that is no whole number', body({ epoch: 1.5 })],
    ['an epoch that cannot be counted on', body({ epoch: 2 ** 53 })],
    ['a seq in words', body({ seq: '9' })],
    ['no cursor', body({ cursor: undefined })],
    ['a cursor in the year 10000', body({ cursor: { due: 253_402_300_800_000, entry: 'a' } })],
    ['a cursor without an entry', body({ cursor: { due: 0 } })],
    ['a cursor with an endless entry', body({ cursor: { due: 0, entry: 'x'.repeat(256) } })],
    ['a holder without a host', body({ holder: { pid: 1, scheduleHash: 'a', since: 0 } })],
    ['a holder that is a word', body({ holder: 'me' })],
    ['no time of writing', body({ writtenAt: null })],
  ])('with %s is refused', (_what, forged) => {
    expect(parseBaton(forged)).toMatchObject({ problem: expect.any(String), newer: false })
  })

  test('of a later version is left for those who can read it', () => {
    expect(parseBaton(body({ v: 2, epoch: 'spring', more: [[[[[]]]]] }))).toMatchObject({ newer: true })
  })
})
