import { expect, test } from 'vitest'
import { formatTaskTime, parseTaskTime } from '../../src/amqp/task-time.ts'
import { instant } from '../../src/core/instant.ts'

const at = Date.UTC(2030, 0, 2, 3, 4, 5)

test.each([
  ['2030-01-02T03:04:05+00:00', at],
  ['2030-01-02T03:04:05', at],
  ['2030-01-02T03:04:05Z', at],
  ['2030-01-02 03:04:05z', at],
  ['2030-01-02T03:04', at - 5_000],
  ['2030-01-02T03:04:05.9', at + 900],
  ['2030-01-02T03:04:05.900Z', at + 900],
  ['2030-01-02T03:04:05.678901+00:00', at + 679],
  ['2030-01-02T03:04:05.678000+00:00', at + 678],
  ['2030-01-02T03:04:05.000000001Z', at + 1],
  ['2030-01-02T03:04:05.999999Z', at + 1_000],
  ['2030-01-02T08:34:05+05:30', at],
  ['2030-01-01T23:34:05-0330', at],
])('%s is a time', (text, expected) => {
  expect(parseTaskTime(text)).toBe(expected)
})

test.each([
  '',
  'tomorrow',
  '1893553445',
  '2030-01-02',
  '2030-02-30T00:00:00',
  '2030-13-01T00:00:00',
  '2030-01-02T24:00:00',
  '2030-01-02T03:04:60',
  '2030-01-02T03:04:05.1234567890',
  '2030-01-02T03:04:05+25:00',
  '2030-01-02T03:04:05 Europe/Berlin',
])('%s is none', (text) => {
  expect(parseTaskTime(text)).toBeUndefined()
})

test('what is written reads the same, with six digits and +00:00', () => {
  expect(formatTaskTime(instant(at + 900))).toBe('2030-01-02T03:04:05.900000+00:00')
  for (const ms of [0, 1, 999, at + 7]) expect(parseTaskTime(formatTaskTime(instant(ms)))).toBe(ms)
})

test.each([
  ['2030-02-28T23:59:59.999000+00:00', Date.UTC(2030, 1, 28, 23, 59, 59, 999)],
  ['2030-02-29T00:00:00.000000+00:00', undefined],
  ['2028-02-29T00:00:00.000000+00:00', Date.UTC(2028, 1, 29)],
  ['2030-01-02T24:00:00.000000+00:00', undefined],
  ['2030-01-02T03:60:00.000000+00:00', undefined],
  ['2030-01-0aT03:04:05.000000+00:00', undefined],
  ['Jan 02 2030 03:04:05.00000+00:00', undefined],
  ['+002030-01-02T03:04:05.000+00:00', undefined],
])('in our own form too: %s', (text, expected) => {
  expect(parseTaskTime(text)).toBe(expected)
})
