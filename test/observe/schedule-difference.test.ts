import { expect, test } from 'vitest'
import { narrateBeat } from '../../src/observe/narrate-beat.ts'
import { describeDifference } from '../../src/observe/schedule-difference.ts'

test('a standby with another schedule names both hosts, and what sets the schedules apart', () => {
  const difference = { added: ['new'], removed: ['gone'], changed: ['edited'] }
  const leader = { host: 'oak', pid: 7 }
  const event = { kind: 'standingBy', leader, host: 'elm', sameSchedule: false, difference } as const
  expect(narrateBeat(event)).toMatchObject({
    level: 'warn',
    message:
      'standing by: the beat on oak, pid 7, leads with another schedule than that of elm: +new, -gone, ~edited',
  })
  expect(narrateBeat({ ...event, sameSchedule: true, difference: undefined }).message).toBe(
    'standing by: the beat on oak, pid 7, leads',
  )
})

test('of many differences the first are named', () => {
  const added = Array.from({ length: 7 }, (_, n) => `e${n}`)
  expect(describeDifference({ added, removed: [], changed: [] })).toBe(': +e0, +e1, +e2, +e3, +e4, +2 more')
  expect(describeDifference(undefined)).toBe('')
})
