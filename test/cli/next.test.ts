import { expect, test } from 'vitest'
import { openCliWorld } from './cli-world.ts'

const configuration = `timezone: Europe/Berlin
schedules:
  night: { cron: "30 2 * * *", shell: x }
  hourly: { every: 1h, task: t }
  yorker: { cron: "0 7 1 * *", task: t, timezone: America/New_York }
  spread: { cron: "0 12 * * *", task: t, jitter: 2h }
  off: { cron: "0 1 * * *", shell: x, enabled: false }
  past: { at: 2020-01-01T00:00Z, shell: x }
tasks:
  t: { command: [x] }
`

test('what is due comes as an array in the order of due, then of the name', async () => {
  const { run } = openCliWorld(configuration)
  const { code, json } = await run(
    ...['next', 'yorker', 'night', 'hourly', '--json'],
    ...['--from', '2027-03-01T11:00Z', '--to', '2027-03-01T13:00Z'],
  )
  expect(json()).toEqual([
    { entry: 'hourly', due: '2027-03-01T12:00:00.000Z', task: 't', timezone: 'Europe/Berlin' },
    { entry: 'yorker', due: '2027-03-01T12:00:00.000Z', task: 't', timezone: 'America/New_York' },
    { entry: 'hourly', due: '2027-03-01T13:00:00.000Z', task: 't', timezone: 'Europe/Berlin' },
  ])
  expect(code).toBe(0)
})

test('a range begins strictly after --from and ends with --to, and without -n all of it is shown', async () => {
  const { run } = openCliWorld(configuration)
  const range = ['next', 'hourly', '--json', '--from', '2027-01-01T00:00Z', '--to', '2027-01-03T00:00Z']
  const due = (result: unknown): unknown[] => (result as { due: string }[]).map((each) => each.due)
  const all = due((await run(...range)).json())
  expect(all).toHaveLength(48)
  expect(all[0]).toBe('2027-01-01T01:00:00.000Z')
  expect(all.at(-1)).toBe('2027-01-03T00:00:00.000Z')
  expect(due((await run(...range, '-n', '2')).json())).toHaveLength(2)
  const open = due((await run('next', 'hourly', '--json')).json())
  expect(open).toHaveLength(20)
})

test('a range that holds too much to show is cut, and that is said', async () => {
  const { run } = openCliWorld('schedules: { tick: { every: 100ms, shell: x } }\n')
  const { stdout, stderr } = await run('next', '--from', '2027-01-01T00:00Z', '--to', '2027-01-02T00:00Z')
  expect(stdout.trimEnd().split('\n')).toHaveLength(10_001)
  expect(stderr).toContain('the first 10,000 are shown; -n says how many shall be')
})

test('times without an offset are those of the file’s zone', async () => {
  const { run } = openCliWorld(configuration)
  const { json } = await run(
    ...['next', 'night', '--json', '--from', '2027-01-01T02:30', '--to', '2027-01-02 02:30:00'],
  )
  expect(json()).toEqual([
    { entry: 'night', due: '2027-01-02T01:30:00.000Z', task: 'night', timezone: 'Europe/Berlin' },
  ])
})

test('a time of `at` that the zone does not have, or has twice, is told', async () => {
  const { run } = openCliWorld(`timezone: Europe/Berlin
schedules:
  gap: { at: [2027-03-28T02:30, "2027-03-28T03:30"], shell: x }
  fold: { at: 2027-10-31T02:30, shell: x }
  meant: { at: "2027-10-31T02:30+01:00", shell: x }
`)
  const { stdout } = await run('next', '--from', '2027-03-01T00:00Z')
  expect(stdout.split('\n').filter((line) => line.includes(';'))).toEqual([
    expect.stringMatching(
      /03:00.* gap +2027-03-28 02:30 does not exist in Europe\/Berlin; 2027-03-28 03:00 is taken$/,
    ),
    expect.stringMatching(
      /02:30.* fold +2027-10-31 02:30 comes twice in Europe\/Berlin; the first is taken$/,
    ),
  ])
})

test('people see the local time, the zone, and what the clocks do on that day', async () => {
  const { run } = openCliWorld(configuration)
  const gap = await run('next', 'night', '--from', '2027-03-28T00:00', '-n', '1')
  expect(gap.stdout).toMatch(
    /^Sun 2027-03-28 03:00:00 \+02:00 Europe\/Berlin +in \S+ +night +night +02:30 does not exist on this day; runs at 03:00$/m,
  )
  const fold = await run('next', 'night', '--from', '2027-10-31T00:00', '-n', '1')
  expect(fold.stdout).toContain('02:30 comes twice on this day; runs at the first')
})

test('people see when it will start, and how much of that is jitter; programs see the slot', async () => {
  const { run } = openCliWorld(configuration)
  const range = ['next', 'spread', '--from', '2027-01-01T00:00', '-n', '1']
  const { stdout } = await run(...range)
  const [, hour, jitter] = /2027-01-01 (\d\d):.*jitter \+(\S+)$/m.exec(stdout) ?? []
  expect(['12', '13']).toContain(hour)
  expect(jitter).toBeDefined()
  expect((await run(...range, '--json')).json()).toMatchObject([{ due: '2027-01-01T11:00:00.000Z' }])
})

test('entries that have nothing to show are named with the reason', async () => {
  const { run } = openCliWorld(configuration)
  const range = ['--from', '2027-01-01T03:00', '--to', '2027-01-01T04:00']
  const { code, stdout, stderr } = await run('next', ...range)
  expect(stdout.trimEnd().split('\n')).toHaveLength(2)
  expect(stderr.split('\n').slice(1)).toEqual([
    'off: disabled, never due until that changes',
    'past: never due again',
    'night, yorker, spread: not due in this time',
    '',
  ])
  expect(code).toBe(0)
  expect((await run('next', 'off', '--json')).json()).toEqual([])
})

test('what is asked wrongly is told, with what was meant where that can be guessed', async () => {
  const { run } = openCliWorld(configuration)
  for (const [argv, told] of [
    [
      ['hourli', 'nightt'],
      'there is no entry hourli; did you mean hourly?\nthere is no entry nightt; did you mean night?',
    ],
    [
      ['--from', '2027-01-01'],
      '--from: expected a time as in 2027-01-01T09:00, got 2027-01-01: add the time',
    ],
    [['--to', 'tomorrow'], '--to: expected a time as in 2027-01-01T09:00, got tomorrow'],
    [['--to', '2020-01-01T00:00'], '--to is before --from'],
    [['-n', 'all'], 'Expected a whole number from 1 to 1000000'],
  ] as const) {
    const { code, stdout, stderr } = await run('next', ...argv)
    expect(stderr).toContain(told)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  }
})

test('a configuration with problems has nothing next', async () => {
  const { code, stdout } = await openCliWorld('schedules: { a: {} }\n').run('next', '--json')
  expect(stdout).toBe('')
  expect(code).toBe(78)
})

test('a hundred thousand entries are looked through in seconds', async () => {
  const lines = Array.from(
    { length: 100_000 },
    (_, n) => `  e${n}: { cron: "${n % 60} ${n % 24} * * *", task: t }`,
  )
  const { run } = openCliWorld(`schedules:\n${lines.join('\n')}\ntasks: { t: { command: [x] } }\n`)
  const { code, json } = await run('next', '-n', '3', '--json')
  expect(json()).toHaveLength(3)
  expect(code).toBe(0)
})
