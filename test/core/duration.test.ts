import { describe, expect, test } from 'vitest'
import { describeDuration, formatDuration, parseDuration } from '../../src/core/duration.ts'
import { milliseconds } from '../../src/core/instant.ts'

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['0s', 0],
    ['PT15M', 900_000],
    ['P1DT12H', 129_600_000],
    ['P2W', 1_209_600_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each([
    ['30', 'a number needs a unit: write 30s, 30m or 30h'],
    ['1.5h', 'write whole numbers'],
    ['3 months', 'no fixed length'],
    ['1y', 'no fixed length'],
    ['P1M', 'no fixed length'],
    ['P1Y2M', 'no fixed length'],
    ['6x', 'write it as in 500ms'],
    ['5 minutes', 'write it as in 500ms'],
    ['', 'write it as in 500ms'],
    ['P', 'write it as in 500ms'],
    ['PT', 'write it as in 500ms'],
    ['-5s', 'write it as in 500ms'],
    ['99999999999999999w', 'longer than can be counted'],
  ])('%s is refused with a hint', (text, hint) => {
    expect(parseDuration(text)).toEqual({ hint: expect.stringContaining(hint) })
  })

  test.each([
    [0, '0s'],
    [2_345, '2s345ms'],
    [5_400_000, '1h30m'],
    [694_800_000, '1w1d1h'],
  ])('%i ms is written %s, and read back as it was', (ms, text) => {
    expect(formatDuration(milliseconds(ms))).toBe(text)
    expect(parseDuration(text)).toBe(ms)
  })

  test.each([
    [0, '0ms'],
    [820, '820ms'],
    [2_340, '2.3s'],
    [59_949, '59.9s'],
    [59_950, '1m00s'],
    [192_000, '3m12s'],
    [3_599_600, '1h00m'],
    [14_700_000, '4h05m'],
    [183_600_000, '2d3h'],
  ])('%i ms is told as %s', (ms, text) => {
    expect(describeDuration(milliseconds(ms))).toBe(text)
  })
})
