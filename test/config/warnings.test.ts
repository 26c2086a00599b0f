import { describe, expect, it } from 'vitest'
import { warningsOf } from './read-text.ts'

/** The warnings about one entry beside a task that has a timeout, without their places. */
function about(entry: string, rest = 'timezone: UTC', options = {}): string[] {
  const text = `${rest}\ntasks: { t: { shell: x, timeout: 1s } }\nschedules: { e: { ${entry} } }`
  return warningsOf(text, options).map((each) => each.replace(/^schedules\.yaml:\d+:\d+: /, ''))
}

describe('what is legal and suspicious is warned of', () => {
  it.each([
    [
      'cron: "*/35 * * * *", task: t',
      'schedules.e.cron: */35 in the minute field begins again at 0, only 25 after 35; for even distances write every: 35m',
    ],
    [
      'cron: "0 0 13 * 5", task: t',
      'schedules.e.cron: day of month (13) and day of week (5) are both restricted: it runs on days that match either, not only on those that match both',
    ],
    [
      'cron: "30 2 * * *", timezone: Europe/Berlin, task: t',
      'schedules.e.cron: 02:30 does not exist on 2027-03-28 in Europe/Berlin; it runs at 03:00 on that day',
    ],
    [
      'at: 2027-03-28T02:30, timezone: Europe/Berlin, task: t',
      'schedules.e.at: 2027-03-28 02:30 does not exist in Europe/Berlin; 2027-03-28 03:00 is taken',
    ],
    [
      'every: 1d, timezone: Europe/Berlin, task: t',
      'schedules.e.every: days of 24 hours: after a change of the clocks in Europe/Berlin this is another time of day; for a time of day write cron',
    ],
    [
      'every: 1m, task: tt',
      'schedules.e.task: nobody defines a task of this name, and there are no worker.modules; did you mean t?',
    ],
    ['every: 1m, shell: x, timeout: 2m', 'schedules.e: its task may take 2m, and it is due every 1m'],
    [
      'every: 10s, shell: x, timeout: 1s, retry: 1',
      'schedules.e: its task is tried again after 10s, and it is due every 10s',
    ],
    [
      'cron: "* * * * *", task: t, jitter: 1m',
      'schedules.e.jitter: a jitter of 1m moves starts past the next of what is due every 1m',
    ],
    ['at: 2020-01-01T00:00, task: t', 'schedules.e.at: it is not due any more'],
    ['every: 1h, end: 2020-01-01T00:00, task: t', 'schedules.e.end: it is not due any more'],
    [
      'every: 1h, task: t, missed: skip, missed_window: 1h',
      'schedules.e.missed_window: of no effect with missed: skip, which makes up for nothing',
    ],
    ['every: 1h, shell: x', 'schedules.e: it has no timeout, and a run that hangs is never ended'],
    [
      'every: 1h, shell: x, timeout: 6m',
      'schedules.e: it may run for longer than a stop waits (worker.grace is 5m), and is then interrupted',
    ],
  ])('%s', (entry, warning) => {
    expect(about(entry)).toEqual([warning])
  })

  it.each([
    ['every: 1d, timezone: Asia/Tokyo, task: t'],
    ['every: 1m, shell: x, timeout: 2m, overlap: allow'],
    ['cron: "0 9 * * 1-5", timezone: Europe/Berlin, task: t'],
    ['cron: "*/15 * * * *", task: t'],
    ['cron: "*/35 * * * *", task: t, timezone: Europe/Berlin, enabled: false'],
  ])('%s is as it should be', (entry) => {
    expect(about(entry)).toEqual([])
  })

  it('a timeout that defaults gives to all is no reason to suspect the short entries', () => {
    const defaults = 'defaults: { timeout: 5m }'
    expect(about('every: 5s, shell: x', defaults)).toEqual([])
    expect(about('every: 5s, shell: x, timeout: 1m', defaults)).toEqual([
      'schedules.e: its task may take 1m, and it is due every 5s',
    ])
    const long = `${defaults}\ntasks: { long: { shell: x, timeout: 1m } }\nschedules: { e: { every: 5s, task: long } }`
    expect(warningsOf(long)).toEqual([
      'schedules.yaml:3:17: schedules.e: its task may take 1m, and it is due every 5s',
    ])
  })

  it('so is a retry', () => {
    const defaults = 'defaults: { retry: { max: 2, delay: 1m } }'
    expect(about('every: 5s, shell: x, timeout: 1s', defaults)).toEqual([])
    expect(about('every: 5s, shell: x, timeout: 1s, retry: 1', defaults)).toEqual([
      'schedules.e: its task is tried again after 10s, and it is due every 5s',
    ])
  })

  it('a task that nobody defines may be one of a module', () => {
    expect(about('every: 1m, task: mine', 'worker: { modules: [a.ts] }')).toEqual([])
  })

  it('a queue that no worker of the file serves', () => {
    const rest = 'worker: { queues: [taskbeat] }'
    expect(about('every: 1m, task: t, queue: slow', rest)).toEqual([
      'schedules.e.queue: worker.queues does not name the queue slow: no worker of this file takes from it',
    ])
    expect(about('every: 1m, task: t', rest)).toEqual([])
    const other = 'worker: { queues: [other] }'
    expect(about('every: 1m, shell: x, timeout: 1s', other)).toEqual([
      'schedules.e.shell: worker.queues does not name the queue taskbeat: no worker of this file takes from it',
    ])
  })

  it('overlap of an entry whose queue others declare', () => {
    const rest = 'broker: { url: "amqp://host" }\nqueues: { celery: { type: existing } }'
    const entry = 'every: 1m, task: t, queue: celery'
    expect(about(`${entry}, overlap: queue`, rest)).toEqual([
      'schedules.e.overlap: is not kept in the queue celery, which others declare (type: existing): runs may overlap there',
    ])
    expect(about(`${entry}, overlap: allow`, rest)).toEqual([])
    expect(about(entry, rest)).toEqual([])
    expect(about(`${entry}, overlap: skip`, 'queues: { celery: { type: existing } }')).toEqual([])
  })

  it('a file that others may write', () => {
    expect(about('every: 1m, task: t', '', { mode: 0o664 })).toEqual([
      'its group may write this file (mode 0664), and so decide what runs',
    ])
    expect(about('every: 1m, task: t', '', { mode: 0o666 })).toEqual([
      'everybody may write this file (mode 0666), and so decide what runs',
    ])
  })

  it('an empty schedule, and a missing one', () => {
    expect(warningsOf('schedules: {}')).toEqual([
      'schedules.yaml:1:12: schedules: there are no entries: nothing is ever due',
    ])
    expect(warningsOf('log: {}')).toEqual([
      'schedules.yaml:1:1: schedules is missing: a worker starts with this file, a beat does not',
    ])
  })

  it('a process that emits nothing has nothing to say about an empty schedule', () => {
    expect(warningsOf('schedules: {}', { role: 'beat' })).toHaveLength(1)
    expect(warningsOf('schedules: {}', { role: 'dev' })).toHaveLength(1)
    expect(warningsOf('schedules: {}', { role: 'worker' })).toEqual([])
    expect(warningsOf('schedules: {}', { role: 'client' })).toEqual([])
  })

  it('a thousand entries in one second', () => {
    const entries = (jitter: string) =>
      Array.from({ length: 1_000 }, (_, n) => `  e${n}: { cron: "0 2 * * *", task: t${jitter} }`).join('\n')
    const text = (jitter: string) => `tasks: { t: { shell: x, timeout: 1s } }\nschedules:\n${entries(jitter)}`
    expect(warningsOf(text(''))).toEqual([
      'schedules.yaml:3:3: schedules: 1,000 entries are due within one second, at 2026-11-23T02:00:00Z; a jitter spreads them',
    ])
    expect(warningsOf(text(', jitter: 1h'))).toEqual([])
  })

  it.each([
    [
      'shell: x, timeout: 30s, soft_timeout: 1m',
      'soft_timeout: no attempt is asked to end: its timeout of 30s is over before',
    ],
    [
      'shell: x, timeout: 1m, isolation: process',
      'isolation: of no effect on a command, which is a process of its own',
    ],
    [
      'shell: x, timeout: 1m, retry: { max: 1, delay: 10m, max_delay: 1m }',
      'retry.max_delay: shorter than delay: every wait is 1m, and none 10m',
    ],
  ])('an option of a task that does not do what it says: %s', (options, warning) => {
    expect(warningsOf(`schedules: { e: { every: 5m, task: t } }\ntasks: { t: { ${options} } }`)).toEqual([
      expect.stringMatching(new RegExp(`^schedules\\.yaml:2:\\d+: tasks\\.t\\.${warning}$`)),
    ])
  })

  it('a task that is called and has options alone, where no module can define it', () => {
    const text = 'schedules: { e: { every: 1m, task: un } }\ntasks: { un: { timeout: 1m, on_failure: un } }'
    const reason =
      'this task has options alone: it has no command, and there are no worker.modules to define it'
    expect(warningsOf(text)).toEqual([
      `schedules.yaml:1:36: schedules.e.task: ${reason}`,
      `schedules.yaml:2:41: tasks.un.on_failure: ${reason}`,
    ])
    expect(warningsOf(`${text}\nworker: { modules: [x.ts] }`)).toEqual([])
  })

  it('a task that is to be told of failures, and nobody defines', () => {
    const text = (more: string) =>
      `schedules: { e: { every: 1h, task: t } }\ntasks: { t: { shell: x, timeout: 1s, on_failure: notfy }, notify: { shell: x, stdin: json, timeout: 1s } }${more}`
    expect(warningsOf(text(''))).toEqual([
      'schedules.yaml:2:50: tasks.t.on_failure: nobody defines a task of this name, and there are no worker.modules; did you mean notify?',
    ])
    expect(warningsOf(text('\nworker: { modules: [./tasks.ts] }'))).toEqual([])
  })

  it('what is true of many tasks is said once', () => {
    const tasks = ['a', 'b', 'c', 'd', 'e'].map((name) => `  ${name}: { shell: x }`).join('\n')
    expect(warningsOf(`schedules: { f: { every: 1h, task: a } }\ntasks:\n${tasks}`)).toEqual([
      'schedules.yaml:3:6: tasks.a: it has no timeout, and a run that hangs is never ended; likewise b, c and 2 more',
    ])
  })
})

describe('a file without a zone, on a machine that is not on UTC', () => {
  const text = (more: string) =>
    `${more}\ntasks: { t: { shell: x, timeout: 1s } }\nschedules: { a: { cron: "0 2 * * *", task: t }, b: { at: 2027-01-01T09:00, task: t } }`
  const berlin = { machineZone: 'Europe/Berlin' }

  it('says what its times are here', () => {
    expect(warningsOf(text(''), berlin)).toEqual([
      'schedules.yaml:3:25: schedules.a.cron: 0 2 * * * is 03:00 here (Europe/Berlin), and so for 1 more; write timezone:',
    ])
  })

  it('is silent where the zone is said, or is that of the machine', () => {
    expect(warningsOf(text('timezone: UTC'), berlin)).toEqual([])
    expect(warningsOf(text('defaults: { timezone: UTC }'), berlin)).toEqual([])
    expect(warningsOf(text(''), { machineZone: 'Etc/UTC' })).toEqual([])
  })

  it('is silent where no local time is used', () => {
    const zoneless =
      'schedules: { a: { every: 1m, shell: x, timeout: 1s }, b: { at: 2027-01-01T09:00Z, shell: x, timeout: 1s } }'
    expect(warningsOf(zoneless, berlin)).toEqual([])
  })

  it('local is the zone of the machine', () => {
    expect(warningsOf(text('timezone: local'), berlin)).toEqual([
      'schedules.yaml:3:25: schedules.a.cron: 02:00 does not exist on 2027-03-28 in Europe/Berlin; it runs at 03:00 on that day',
    ])
  })
})

it('a process is warned of what is its own', () => {
  const text = 'schedules: { a: { cron: "0 0 13 * 5", shell: x } }'
  expect(warningsOf(text, { parts: { schedules: true, tasks: false } })).toHaveLength(1)
  expect(warningsOf(text, { parts: { schedules: false, tasks: true } })).toEqual([
    'schedules.yaml:1:17: schedules.a: it has no timeout, and a run that hangs is never ended',
  ])
})
