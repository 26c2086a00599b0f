import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cursor, compareCursors, cursorThrough, emittedThrough } from '../../src/core/cursor.ts'
import { type Instant, instant, milliseconds, plus, toIso } from '../../src/core/instant.ts'
import { Agenda, type Take, type TakeOptions } from '../../src/schedule/agenda.ts'
import type { Entry } from '../../src/schedule/entry.ts'
import type { Timing } from '../../src/schedule/entry-spec.ts'
import { expectTook } from '../support/expect-took.ts'
import { at, makeEntry } from './make-spec.ts'

const start = at('2026-11-22T12:00:00Z')
const seconds = (count: number): Instant => plus(start, milliseconds(count * 1_000))
const every = (count: number): Timing[] => [{ kind: 'every', period: milliseconds(count * 1_000) }]

function agendaOf(entries: readonly Entry[], cursor: Cursor): Agenda {
  const agenda = new Agenda()
  for (const entry of entries) agenda.add(entry, emittedThrough(cursor, entry.spec.name))
  return agenda
}

/** Takes until there is no more; what is taken at each step. */
function drain(agenda: Agenda, options: TakeOptions): Take[] {
  const takes: Take[] = []
  do takes.push(agenda.take(options))
  while (takes.at(-1)?.more)
  return takes
}

function write(takes: readonly Take[]): string[] {
  return takes.flatMap(({ occurrences }) =>
    occurrences.map(({ entry, due }) => `${entry.spec.name} ${toIso(due).slice(14, 19)}`),
  )
}

describe('what is taken', () => {
  it('comes in the order of due, then of the name', () => {
    const entries = [makeEntry({ name: 'b', timings: every(2) }), makeEntry({ name: 'a', timings: every(3) })]
    const agenda = agendaOf(entries, cursorThrough(start))
    expect(agenda.nextDue()).toBe(seconds(2))
    expect(write(drain(agenda, { through: seconds(6), now: start, limit: 100 }))).toEqual([
      'b 00:02',
      'a 00:03',
      'b 00:04',
      'a 00:06',
      'b 00:06',
    ])
    expect(agenda.nextDue()).toBe(seconds(8))
    expect(agenda.take({ through: seconds(7), now: start, limit: 100 })).toEqual({
      occurrences: [],
      missed: [],
      cursor: undefined,
      more: false,
    })
  })

  it('does not hold an entry that was removed, and holds the new one where it was replaced', () => {
    const agenda = agendaOf([makeEntry({ timings: every(2) })], cursorThrough(start))
    agenda.add(makeEntry({ timings: every(5) }), start)
    expect([agenda.size, agenda.nextDue()]).toEqual([1, seconds(5)])
    expect(agenda.remove('backup')).toBe(true)
    expect(agenda.remove('backup')).toBe(false)
    expect([agenda.size, agenda.nextDue()]).toEqual([0, undefined])
  })

  it('an entry that is never due again is still there to be removed', () => {
    const agenda = agendaOf([makeEntry({ timings: every(2), enabled: false })], cursorThrough(start))
    expect([agenda.size, agenda.nextDue()]).toEqual([1, undefined])
    expect(agenda.remove('backup')).toBe(true)
  })

  it('stays in order through any additions and removals', () => {
    const change = fc.record({
      name: fc.integer({ min: 0, max: 30 }).map(String),
      period: fc.integer({ min: 0, max: 9 }),
    })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const agenda = new Agenda()
        const kept = new Map<string, number>()
        for (const { name, period } of changes) {
          if (period === 0) expect(agenda.remove(name)).toBe(kept.delete(name))
          else {
            agenda.add(makeEntry({ name, timings: every(period) }), start)
            kept.set(name, period)
          }
        }
        const expected = [...kept].flatMap(([name, period]) =>
          Array.from({ length: Math.floor(20 / period) }, (_, index) => ({
            entry: name,
            due: seconds((index + 1) * period),
          })),
        )
        const { occurrences } = agenda.take({ through: seconds(20), now: start, limit: 10_000 })
        const taken = occurrences.map(({ entry, due }) => ({ entry: entry.spec.name, due }))
        expect(taken).toEqual(expected.sort(compareCursors))
      }),
    )
  })
})

describe('one crowded instant', () => {
  const entries = Array.from({ length: 10_000 }, (_, index) =>
    makeEntry({ name: `entry-${index}`, timings: every(60) }),
  )

  it('is split over takes, and a new agenda goes on from the cursor of any of them', () => {
    const options = { through: seconds(60), now: start, limit: 500 }
    const takes = drain(agendaOf(entries, cursorThrough(start)), options)
    expect(takes.length).toBe(20)
    const all = write(takes)
    expect(new Set(all).size).toBe(10_000)
    for (const [index, { cursor }] of takes.entries()) {
      expect(cursor?.due).toBe(seconds(60))
      if (index % 5 === 0 && cursor)
        expect(write(drain(agendaOf(entries, cursor), options))).toEqual(all.slice((index + 1) * 500))
    }
  })
})

describe('what is late', () => {
  it('is emitted in its turn: the newest of one entry behind older ones of others', () => {
    const entries = [
      makeEntry({ name: 'latest', timings: every(10) }),
      makeEntry({ name: 'all', timings: every(20), missed: 'all' }),
      makeEntry({ name: 'skip', timings: every(30), missed: 'skip' }),
    ]
    const takes = drain(agendaOf(entries, cursorThrough(start)), {
      through: seconds(66),
      now: seconds(64),
      limit: 100,
    })
    expect(write(takes)).toEqual(['all 00:20', 'all 00:40', 'all 01:00', 'latest 01:00', 'skip 01:00'])
    expect(takes.flatMap(({ missed }) => missed)).toEqual([
      { entry: 'latest', first: seconds(10), last: seconds(50), count: 5, exact: true, reason: 'superseded' },
      { entry: 'skip', first: seconds(30), last: seconds(30), count: 1, exact: true, reason: 'policy' },
    ])
  })

  it('moves the cursor also when nothing of it is emitted', () => {
    const agenda = agendaOf([makeEntry({ timings: every(100), missed: 'skip' })], cursorThrough(start))
    const { occurrences, missed, cursor } = agenda.take({
      through: seconds(190),
      now: seconds(190),
      limit: 100,
    })
    expect([occurrences.length, missed.length]).toEqual([0, 1])
    expect(cursor).toEqual({ due: seconds(100), entry: 'backup' })
  })

  it('costs one step for a million missed seconds', () => {
    const entries = Array.from({ length: 100 }, (_, index) =>
      makeEntry({ name: `e${index}`, timings: every(1) }),
    )
    const agenda = agendaOf(entries, cursorThrough(start))
    const now = seconds(1_000_000)
    const started = performance.now()
    const { occurrences, missed } = agenda.take({ through: now, now, limit: 1_000 })
    expectTook(performance.now() - started, 1_000)
    expect([occurrences.length, missed.length]).toEqual([100, 100])
    expect(missed[0]).toMatchObject({
      first: seconds(1),
      last: seconds(999_999),
      count: 10_000,
      exact: false,
    })
  })
})

describe('beats that come and go', () => {
  const someEntry = fc.record({
    period: fc.integer({ min: 1, max: 40 }),
    missed: fc.constantFrom('latest' as const, 'skip' as const, 'all' as const),
    window: fc.constantFrom(undefined, 15_000),
  })
  const someTurn = fc.record({
    /** How far the clock has moved on. */
    passed: fc.integer({ min: 0, max: 40 }),
    limit: fc.integer({ min: 1, max: 8 }),
    /** The beat dies before this take, and another begins at the committed cursor. */
    takenOver: fc.boolean(),
  })
  const lookahead = 5

  it('emit each occurrence once and in order, and what they do not emit is recorded as missed', () => {
    fc.assert(
      fc.property(
        fc.array(someEntry, { maxLength: 4 }),
        fc.array(someTurn, { maxLength: 30 }),
        (said, turns) => {
          const entries = said.map(({ period, missed, window }, index) =>
            makeEntry({
              name: `e${index}`,
              timings: every(period),
              missed,
              ...(window === undefined ? {} : { missedWindow: milliseconds(window) }),
            }),
          )
          let cursor = cursorThrough(start)
          let agenda = agendaOf(entries, cursor)
          let now = 0
          const emitted: Cursor[] = []
          const isMissed = new Set<string>()
          const turn = (limit: number): boolean => {
            const take = agenda.take({ through: seconds(now + lookahead), now: seconds(now), limit })
            for (const { entry, due } of take.occurrences) emitted.push({ due, entry: entry.spec.name })
            for (const record of take.missed) {
              const { timeline } = entries.find(({ spec }) => spec.name === record.entry) as Entry
              let count = 0
              for (
                let due = timeline.next(instant(record.first - 1));
                due && due <= record.last;
                due = timeline.next(due)
              ) {
                isMissed.add(`${record.entry} ${due}`)
                count += 1
              }
              expect(record).toMatchObject({ count, exact: true })
            }
            if (take.cursor) {
              expect(compareCursors(take.cursor, cursor)).toBeGreaterThan(0)
              cursor = take.cursor
            }
            return take.more
          }
          for (const { passed, limit, takenOver } of turns) {
            now += passed
            if (takenOver) agenda = agendaOf(entries, cursor)
            turn(limit)
          }
          while (turn(1_000));

          expect(emitted).toEqual(emitted.toSorted(compareCursors))
          const keys = emitted.map(({ due, entry }) => `${entry} ${due}`)
          expect(new Set(keys).size).toBe(keys.length)
          const all = entries.flatMap(({ spec, timeline }) => {
            const dues: string[] = []
            for (
              let due = timeline.next(start);
              due && due <= seconds(now + lookahead);
              due = timeline.next(due)
            )
              dues.push(`${spec.name} ${due}`)
            return dues
          })
          expect(new Set([...keys, ...isMissed])).toEqual(new Set(all))
          expect(keys.filter((key) => isMissed.has(key))).toEqual([])
        },
      ),
      { numRuns: 500 },
    )
  })
})
