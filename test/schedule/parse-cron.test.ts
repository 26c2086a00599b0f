import { describe, expect, it } from 'vitest'
import { parseCron } from '../../src/schedule/parse-cron.ts'
import { isProblem } from '../../src/schedule/timing-problem.ts'

function explain(expression: string): string {
  const result = parseCron(expression)
  if (!isProblem(result)) return 'accepted'
  return `expected ${result.expected}, got ${result.got}${result.hint ? `; ${result.hint}` : ''}`
}

describe('a problem names the field and says what to write', () => {
  it.each([
    ['61 * * * *', 'expected minute 0–59, got 61'],
    ['0-61 * * * *', 'expected minute 0–59, got 61'],
    ['60 0 * * * *', 'expected second 0–59, got 60'],
    ['* 24 * * *', 'expected hour 0–23, got 24'],
    ['0 0 32 * *', 'expected day of month 1–31, got 32'],
    ['0 0 1 13 *', 'expected month 1–12 or JAN–DEC, got 13'],
    ['0 0 * * 8', 'expected day of week 0–7 or SUN–SAT, got 8'],
    ['0 0 * january *', 'expected month 1–12 or JAN–DEC, got january; write JAN'],
    ['0 0 * janfeb *', 'expected month 1–12 or JAN–DEC, got janfeb; write JAN'],
    ['0 22-2 * * *', 'expected hour range from low to high, got 22-2; write 22-23,0-2'],
    ['0 22-2/2 * * *', 'expected hour range from low to high, got 22-2/2; write 22,0,2'],
    ['0 0 * * fri-mon', 'expected day of week range from low to high, got fri-mon; write FRI-SAT,SUN-MON'],
    ['0 0 * * 5-0', 'expected day of week range from low to high, got 5-0; write 5-6,0'],
    ['0 0 * nov-jan *', 'expected month range from low to high, got nov-jan; write NOV-DEC,JAN'],
    ['/5 * * * *', 'expected minute 0–59, got /5; write */5'],
    ['*/0 * * * *', 'expected minute step 1–60, got */0'],
    ['1,,2 * * * *', 'expected minute 0–59, got nothing; write lists as 1,2,3'],
    ['1/2/3 * * * *', 'expected minute 0–59, got 1/2/3; one step at the most, as in 0-30/5'],
    ['1-2-3 * * * *', 'expected minute 0–59, got 1-2-3'],
    ['0 0 30 2 *', 'expected a date that comes, got day 30 of month 2; no month of these has such a day'],
    [
      '0 0 31 4,jun *',
      'expected a date that comes, got day 31 of month 4,jun; no month of these has such a day',
    ],
    ['@every 5m', /^expected one of @hourly .*, got @every 5m; write every: 5m instead of cron:$/],
    ['@reboot', /^expected one of @hourly .*, got @reboot; what is to run at boot is a systemd unit/],
    ['@fortnightly', /^expected one of @hourly .*, got @fortnightly$/],
    ['* * * *', /^expected 5 fields \(minute, .*\), or 6 with the second first, got 4 in "\* \* \* \*"$/],
    [
      '0 0 0 * * * 2027',
      /got 7 in "0 0 0 \* \* \* 2027"; a year field is not supported; write start: and end:/,
    ],
    ['', /got nothing$/],
    ['TZ=UTC 0 0 * * *', /got TZ=UTC; write timezone: UTC beside cron:$/],
    ['*/61 * * * *', /^expected minute step 1–60, got \*\/61; .* write every: instead of cron:$/],
    ['0 */25 * * *', /^expected hour step 1–24, got \*\/25; /],
    ['H * * * *', /got H; H is not supported; write a value, and jitter:/],
    ['0-H * * * *', /^expected minute 0–59, got 0-H$/],
    ['1~5 * * * *', /got 1~5; random values are not supported/],
    ['0 0 * * 5#6', /got 5#6; the third Friday of the month is 5#3 or FRI#3/],
    ['0 0 * * L', /got L; the last Friday of the month is 5L or FRIL$/],
    ['0 0 L-31 * *', /got L-31; the last day of the month is L, /],
    ['0 0 32W * *', /got 32W; the last day of the month is L, /],
    [`${'1,'.repeat(600)}1 * * * *`, /^expected at most 1024 characters, got \d+$/],
  ])('%s', (expression, message) => {
    if (typeof message === 'string') expect(explain(expression)).toBe(message)
    else expect(explain(expression)).toMatch(message)
  })
})

describe('different ways to write the same', () => {
  it.each([
    ['0 0 * * 0', '0 0 * * 7'],
    ['0 0 * * 0,7', '0 0 * * SUN'],
    ['0 0 * * fri-sun', '0 0 * * 5,6,0'],
    ['0 0 * * 5-7', '0 0 * * 5,6,0'],
    ['0 0 * * SUN-SUN', '0 0 * * 0'],
    ['0 0 * * 1/2', '0 0 * * 1,3,5'],
    ['0,15,30,45,*/20 * * * *', '0,15,20,30,40,45 * * * *'],
    ['5/20 * * * *', '5,25,45 * * * *'],
    ['0 0 ? * ?', '0 0 * * *'],
    ['0 0 l-0w * *', '0 0 LW * *'],
    ['0 0 * * 1#1,3#2,friL', '0 0 * * MON#1,WED#2,5L'],
    ['@MIDNIGHT', '0 0 0 * * *'],
    ['@hourly', '0 * * * *'],
    ['@weekly', '0 0 * * 0'],
    ['@monthly', '0 0 1 * *'],
    ['@annually', '@yearly'],
    ['  0\t0  *  * * ', '0 0 * * *'],
  ])('%s is %s', (one, other) => {
    expect(isProblem(parseCron(one))).toBe(false)
    expect(parseCron(one)).toEqual(parseCron(other))
  })
})
