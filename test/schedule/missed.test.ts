import { describe, expect, it } from 'vitest'
import { instant, milliseconds, toIso } from '../../src/core/instant.ts'
import type { EntrySpec, Timing } from '../../src/schedule/entry-spec.ts'
import { judgeLate } from '../../src/schedule/missed.ts'
import { expectTook } from '../support/expect-took.ts'
import { at, makeEntry } from './make-spec.ts'

const now = at('2026-11-22T12:00:00.500Z')
const minutely: Timing[] = [{ kind: 'cron', expression: '* * * * *' }]
const secondly: Timing[] = [{ kind: 'every', period: milliseconds(1_000) }]

/** `resumes 12:00:00`, then a line a record, times of day only. */
function judge(said: Partial<EntrySpec>, first: string, at_ = now): string[] {
  const entry = makeEntry(said)
  const due = entry.timeline.next(instant(at(first) - 1))
  if (due === undefined) throw new Error('never due')
  const { resume, missed } = judgeLate(entry, due, at_)
  const time = (ms: number): string => toIso(instant(ms)).slice(at(first) < now - 86_400_000 ? 0 : 11, 19)
  return [
    resume === undefined ? 'never again' : `resumes ${time(resume)}`,
    ...missed.map(
      ({ first, last, count, exact, reason }) =>
        `${time(first)}–${time(last)} ${exact ? '' : 'more than '}${count} ${reason}`,
    ),
  ]
}

describe('missed: latest', () => {
  it('emits the newest, which supersedes the others', () => {
    expect(judge({ timings: minutely }, '2026-11-22T11:50:00Z')).toEqual([
      'resumes 12:00:00',
      '11:50:00–11:59:00 10 superseded',
    ])
  })

  it('emits a single late occurrence, however old, when there is no window', () => {
    const timings: Timing[] = [{ kind: 'cron', expression: '0 2 1 1 *' }]
    expect(judge({ timings }, '2026-01-01T02:00:00Z')).toEqual(['resumes 2026-01-01T02:00:00'])
  })

  it('emits none when the newest is outside the window', () => {
    const timings: Timing[] = [{ kind: 'cron', expression: '0 8-10 * * *' }]
    const missedWindow = milliseconds(7_200_000)
    expect(judge({ timings, missedWindow }, '2026-11-22T08:00:00Z')).toEqual([
      'resumes 08:00:00',
      '08:00:00–10:00:00 3 tooOld',
    ])
    expect(judge({ timings, missedWindow }, '2026-11-22T08:00:00Z', at('2026-11-22T12:00:00Z'))).toEqual([
      'resumes 10:00:00',
      '08:00:00–09:00:00 2 superseded',
    ])
  })

  it('an instant of `at` has a window of an hour', () => {
    const instants = ['2026-11-22T10:59:00Z', '2026-11-22T11:30:00Z', '2026-11-22T13:00:00Z'].map(at)
    const timings: Timing[] = instants.map((instant) => ({ kind: 'at', instant }))
    expect(judge({ timings: timings.slice(0, 1) }, '2026-11-22T10:00:00Z')).toEqual([
      'never again',
      '10:59:00–10:59:00 1 tooOld',
    ])
    expect(judge({ timings }, '2026-11-22T10:00:00Z')).toEqual([
      'resumes 11:30:00',
      '10:59:00–10:59:00 1 superseded',
    ])
  })

  it('a window of less than 5 s loses nothing that is not missed', () => {
    const missedWindow = milliseconds(1_000)
    const timings: Timing[] = [{ kind: 'at', instant: at('2026-11-22T11:59:57Z') }]
    expect(judge({ timings, missedWindow }, '2026-11-22T11:59:00Z')).toEqual(['resumes 11:59:57'])
  })
})

describe('missed: skip', () => {
  it('emits nothing that is older than 5 s', () => {
    const timings: Timing[] = [{ kind: 'cron', expression: '*/5 * * * *' }]
    const later = at('2026-11-22T12:00:06Z')
    expect(judge({ timings, missed: 'skip' }, '2026-11-22T11:45:00Z', later)).toEqual([
      'resumes 12:05:00',
      '11:45:00–12:00:00 4 policy',
    ])
  })

  it('emits the newest of the last 5 s', () => {
    expect(judge({ timings: secondly, missed: 'skip' }, '2026-11-22T11:59:50Z')).toEqual([
      'resumes 12:00:00',
      '11:59:50–11:59:55 6 policy',
      '11:59:56–11:59:59 4 superseded',
    ])
    expect(judge({ timings: minutely, missed: 'skip' }, '2026-11-22T12:00:00Z')).toEqual(['resumes 12:00:00'])
  })

  it('when nothing is to come, all that was is recorded', () => {
    const said = { timings: minutely, missed: 'skip', end: at('2026-11-22T11:10:00Z') } as const
    expect(judge(said, '2026-11-22T11:00:00Z')).toEqual(['never again', '11:00:00–11:10:00 11 policy'])
  })
})

describe('missed: all', () => {
  it('emits each, oldest first', () => {
    expect(judge({ timings: minutely, missed: 'all' }, '2026-11-22T11:00:00Z')).toEqual(['resumes 11:00:00'])
  })

  it('emits none that is outside the window, of a day unless another is said', () => {
    const timings: Timing[] = [{ kind: 'cron', expression: '0 * * * *' }]
    expect(judge({ timings, missed: 'all' }, '2026-11-21T10:00:00Z')).toEqual([
      'resumes 2026-11-21T13:00:00',
      '2026-11-21T10:00:00–2026-11-21T12:00:00 3 tooOld',
    ])
    const missedWindow = milliseconds(7_200_000)
    expect(judge({ timings, missed: 'all', missedWindow }, '2026-11-22T09:00:00Z')).toEqual([
      'resumes 11:00:00',
      '09:00:00–10:00:00 2 tooOld',
    ])
  })

  it('emits the newest 1,000 at the most', () => {
    expect(judge({ timings: minutely, missed: 'all' }, '2026-11-20T12:00:00Z')).toEqual([
      'resumes 2026-11-21T19:21:00',
      '2026-11-20T12:00:00–2026-11-21T12:00:00 1441 tooOld',
      '2026-11-21T12:01:00–2026-11-21T19:20:00 440 tooMany',
    ])
  })
})

describe('what is not emitted', () => {
  it('is counted to 10,000 and no further', () => {
    expect(judge({ timings: secondly }, '2026-11-22T09:13:20Z')).toEqual([
      'resumes 12:00:00',
      '09:13:20–11:59:59 10000 superseded',
    ])
    expect(judge({ timings: secondly }, '2026-11-22T09:13:19Z')).toEqual([
      'resumes 12:00:00',
      '09:13:19–11:59:59 more than 10000 superseded',
    ])
  })

  it('costs nothing, were it ten years of seconds', () => {
    const timings: readonly Timing[][] = [secondly, [{ kind: 'cron', expression: '* * * * * *' }]]
    const started = performance.now()
    for (let turn = 0; turn < 200; turn++)
      for (const missed of ['latest', 'skip', 'all'] as const)
        for (const timing of timings) judge({ timings: timing, missed }, '2016-11-22T09:00:00Z')
    // 1,200 judgements; walking one of them alone would take half a minute.
    expectTook(performance.now() - started, 5_000)
  })
})
