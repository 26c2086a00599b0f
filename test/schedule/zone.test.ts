import { expect, it } from 'vitest'
import { isTimezone, zoneOf } from '../../src/schedule/zone.ts'

function second(text: string): number {
  return Date.parse(text) / 1000
}

it.each([
  ['Europe/Berlin', true],
  ['UTC', true],
  ['America/Argentina/Buenos_Aires', true],
  ['local', false],
  ['Europe/Bärlin', false],
  ['', false],
])('%s: a zone? %s', (name, expected) => expect(isTimezone(name)).toBe(expected))

it('a segment ends to the second where the offset changes', () => {
  const berlin = zoneOf('Europe/Berlin')
  const winter = berlin.segmentAt(second('2026-03-29T00:59:59Z'))
  expect(winter).toMatchObject({ offset: 3600, end: second('2026-03-29T01:00:00Z') })
  expect(berlin.segmentAt(winter.end)).toMatchObject({ start: winter.end, offset: 7200, before: 3600 })
})

it('segments touch, each beginning with the offset that the last one had, for 150 years', () => {
  for (const name of [
    'Africa/Casablanca',
    'America/St_Johns',
    'Africa/Freetown',
    'Pacific/Apia',
    'Asia/Gaza',
  ]) {
    const zone = zoneOf(name)
    let segment = zone.segmentAt(second('1900-01-01T00:00:00Z'))
    while (segment.end < second('2050-01-01T00:00:00Z')) {
      const next = zone.segmentAt(segment.end)
      expect(next).toMatchObject({ start: segment.end, before: segment.offset })
      segment = next
    }
  }
})

it('a summer time of one week is found', () => {
  const recife = zoneOf('America/Recife')
  const offsets = ['2000-10-07', '2000-10-10', '2000-10-16'].map(
    (day) => recife.segmentAt(second(day)).offset / 3600,
  )
  expect(offsets).toEqual([-3, -2, -3])
})

it('offsets may have seconds', () => {
  expect(zoneOf('America/St_Johns').segmentAt(second('1900-01-01T00:00:00Z')).offset).toBe(
    -(3 * 3600 + 30 * 60 + 52),
  )
})
