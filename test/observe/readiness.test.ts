import { describe, expect, it } from 'vitest'
import type { BeatStatus } from '../../src/beat/beat.ts'
import { beatHindrance, beatStall, workerHindrance } from '../../src/observe/readiness.ts'

const standingBy: BeatStatus = {
  state: 'standby',
  entries: 1,
  epoch: undefined,
  cursor: undefined,
  nextDue: undefined,
  hold: undefined,
}
const leading: BeatStatus = { ...standingBy, state: 'leading', epoch: 1 }

describe('a beat is ready', () => {
  it('when it leads, and when it stands by', () => {
    expect(beatHindrance(leading, 0, undefined)).toBeUndefined()
    expect(beatHindrance(standingBy, 59_000, undefined)).toBeUndefined()
  })

  it.each<[string, BeatStatus | undefined, string | undefined, RegExp]>([
    ['it has not begun', undefined, undefined, /does not run/],
    ['it has stopped', { ...leading, state: 'stopped' }, undefined, /does not run/],
    ['the clock was set', { ...leading, hold: 'clockSuspect' }, undefined, /clock was set/],
    ['the clock is behind', { ...leading, hold: 'clockBehind' }, undefined, /clock is behind/],
    ['a wrong clock was here', { ...leading, hold: 'cursorAhead' }, undefined, /wrong clock/],
    ['nothing can be emitted', { ...leading, hold: 'emissionFailing' }, undefined, /stores nothing/],
    ['the broker is away', standingBy, 'waiting for the broker', /waiting for the broker/],
  ])('but not when %s', (_why, status, trouble, words) => {
    expect(beatHindrance(status, 0, trouble)).toMatch(words)
  })
})

it('a beat goes on as long as its loop does, and is ready no longer than that', () => {
  expect(beatStall(59_000)).toBeUndefined()
  expect(beatStall(61_000)).toBe('the loop has stood still for 61 s')
  expect(beatHindrance(leading, 61_000, undefined)).toBe('the loop has stood still for 61 s')
})

it('a worker is ready while it takes work, the journal can be written and the broker is there', () => {
  const taking = { isTaking: true, running: 0 }
  expect(workerHindrance(taking, undefined, undefined)).toBeUndefined()
  expect(workerHindrance({ ...taking, isTaking: false }, undefined, undefined)).toBe('it takes no work')
  expect(workerHindrance(taking, undefined, 'waiting')).toBe('waiting')
  expect(workerHindrance({ ...taking, isTaking: false }, 'the disk is full', 'waiting')).toBe(
    'the disk is full',
  )
})
