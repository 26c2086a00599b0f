import { describe, expect, it } from 'vitest'
import { complaintsOf, problemsOf } from './read-text.ts'

/** A file with one entry, in flow style, whose task is defined. */
function entry(text: string): string {
  return `schedules:\n  e: { ${text} }\ntasks: { known: { command: [x], stdin: json } }\n`
}

describe('a problem is rendered with its place, the source line and a caret', () => {
  it('names file, line, column and the keys from the root', () => {
    expect(problemsOf('schedules:\n  nightly: { cron: "61 * * * *", command: [x] }\n')).toEqual([
      [
        'schedules.yaml:2:20: schedules.nightly.cron: expected minute 0–59, got 61',
        '    nightly: { cron: "61 * * * *", command: [x] }',
        '                     ^',
      ].join('\n'),
    ])
  })

  it.each([
    ['schedules: { a: { every: 1s, command: [x], cwdd: y } }', 'cwdd: y'],
    ['schedules: { a: { every: 1m, at: [2027-01-01T00:00, soon], task: b } }', '{ every'],
    ['schedules: { a: { at: [2027-01-01T00:00, soon], task: b } }', 'soon]'],
    ['schedules: { a: { every: 1m, task: b, kwargs: { "c d": [1, .inf] } } }', '.inf'],
  ])('the caret stands under what is wrong: %s', (text, wrong) => {
    const [, line = '', caret = ''] = problemsOf(text)[0]?.split('\n') ?? []
    expect(line.slice(caret.length - 1)).toMatch(new RegExp(`^${wrong.replace(/[{[\].]/g, '\\$&')}`))
  })

  it('tells all of them at once, in the order of the file', () => {
    const text = ['log: { level: loud }', 'schedules:', '  a: { every: 5 }', '  b: 7', 'beats: {}'].join('\n')
    expect(complaintsOf(text)).toEqual([
      'schedules.yaml:1:15: log.level: expected debug, info, warn or error, got "loud"',
      'schedules.yaml:3:6: schedules.a: what does it run? one of task, command and shell is missing',
      'schedules.yaml:3:15: schedules.a.every: expected a duration of at least 100ms, such as 10s or 1h30m, got 5; a number needs a unit: write 5s, 5m or 5h',
      'schedules.yaml:4:6: schedules.b: expected a map, got 7',
      'schedules.yaml:5:1: beats: unknown key; did you mean beat?',
    ])
  })

  it('shows the part of a very long line that matters', () => {
    const text = `schedules: { a: { every: 1s, command: [${'x, '.repeat(10_000)}x], cwdd: y } }`
    const [problem = ''] = problemsOf(text)
    const [, line = '', caret = ''] = problem.split('\n')
    expect(line.length).toBeLessThan(200)
    expect(line.slice(caret.length - 1)).toMatch(/^cwdd: y/)
  })

  it('never lets a control character of the file through to the terminal', () => {
    expect(problemsOf('schedules: {}\n"a\\e[31m": 1\n')[0]).not.toContain('\x1b')
  })

  it('keeps the password of a URL to itself', () => {
    const [problem = ''] = problemsOf('broker: { url: "amqp://ann:geheim@host/v", hart: 1 }\nschedules: {}')
    expect(problem).toContain('broker.hart: unknown key')
    expect(problem).not.toContain('geheim')
  })

  it('counts what is more than anybody reads', () => {
    const text = `schedules:\n${Array.from({ length: 5_000 }, (_, n) => `  e${n}: { every: 1 }`).join('\n')}`
    const complaints = complaintsOf(text)
    expect(complaints).toHaveLength(201)
    expect(complaints.at(-1)).toBe('schedules.yaml: and 9,800 more problems')
  })
})

describe('a value of env may be secret', () => {
  it.each([
    ['beside a wrong key', 'tasks: { mail: { command: [x], env: { TOKEN: s3cret }, timeou: 5s } }'],
    ['in a map with a wrong name', 'tasks:\n  mail:\n    command: [x]\n    env:\n      A-B: s3cret'],
    ['that is no text', 'tasks:\n  mail:\n    command: [x]\n    env:\n      TOKEN: [s3cret]'],
  ])('and is not shown %s', (_where, text) => {
    const problems = problemsOf(`schedules: {}\n${text}\n`)
    expect(problems).toHaveLength(1)
    expect(problems.join('\n')).not.toContain('s3cret')
  })
})

describe('an entry says when it is due, what it runs, and nothing that contradicts it', () => {
  it.each([
    ['command: [x]', 'schedules.e: when is it due? one of cron, every and at is missing'],
    ['every: 1m', 'schedules.e: what does it run? one of task, command and shell is missing'],
    [
      'every: 1m, cron: "@daily", task: known',
      'schedules.e: one of cron, every and at says when it is due, not both cron and every',
    ],
    ['every: 1m, command: [x], shell: x', 'schedules.e.shell: a task has a command or a shell, not both'],
    [
      'every: 1m, task: known, timeout: 3s, env: {A: b}',
      'schedules.e.timeout: a key of the task, which this entry only calls; write it under tasks.known on line 3',
      'schedules.e.env: a key of the task, which this entry only calls; write it under tasks.known on line 3',
    ],
    [
      'cron: "@daily", anchor: 2027-01-01T00:00, task: known',
      'schedules.e.anchor: of use beside every, not beside cron',
    ],
    [
      'every: 1m, jitter: 1m, task: known',
      'schedules.e.jitter: expected less than the period of every, got as much or more',
    ],
    [
      'every: 99ms, task: known',
      'schedules.e.every: expected a duration of at least 100ms, such as 10s or 1h30m, got "99ms"',
    ],
    [
      'every: 1m, task: known, expires: 3000000d',
      'schedules.e.expires: expected a duration, such as 10s or 1h30m, or none, got "3000000d"; it is at most 5000w',
    ],
    [
      'every: 1mo, task: known',
      /got "1mo"; months and years have no fixed length; use cron for calendar rules$/,
    ],
    ['cron: "* * * *", task: known', /^schedules\.e\.cron: expected 5 fields .*, got 4 in "\* \* \* \*"$/],
    ['cron: ["@daily", "0 25 * * *"], task: known', 'schedules.e.cron[1]: expected hour 0–23, got 25'],
    ['cron: {}, task: known', 'schedules.e.cron: expected a cron expression, got an empty map'],
    ['cron: [], task: known', 'schedules.e.cron: expected a cron expression, got an empty list'],
    [
      'at: 2027-02-30T10:00, task: known',
      'schedules.e.at: expected a time as in 2027-01-01T09:00, got 2027-02-30T10:00; that month has 28 days',
    ],
    [
      'every: 1m, end: tomorrow, task: known',
      'schedules.e.end: expected a time as in 2027-01-01T09:00, got tomorrow',
    ],
    [
      'every: 1m, except: [2026-02-30], task: known',
      'schedules.e.except[0]: expected a date as in 2026-12-25, got 2026-02-30; that month has 28 days',
    ],
    [
      'every: 1m, timezone: Mars/Base, task: known',
      'schedules.e.timezone: expected a time zone such as Europe/Berlin, UTC or local, got "Mars/Base"',
    ],
    [
      'every: 1m, priority: 10, task: known',
      'schedules.e.priority: expected a whole number from 0 to 9, got 10',
    ],
    ['every: 1m, enabled: no, task: known', 'schedules.e.enabled: expected true or false, got "no"'],
    [
      'every: 1m, task: known, args: [12345678901234567890]',
      /expected a number that JSON can carry as it is, got 12345678901234567890;/,
    ],
    [
      `every: 1m, task: known, args: [${'x'.repeat(260_000)}]`,
      'schedules.e.args: 260,004 bytes as JSON, and a message has room for 253,952',
    ],
    [
      'every: 1m, task: known, start: 2027-01-02T00:00, end: 2027-01-01T00:00',
      'schedules.e.end: expected a time after start',
    ],
    ['every: 1m, task: known, queue: ~', /expected a name: .*, got ~$/],
    ['every: 1m, missed: each, task: known', 'schedules.e.missed: expected latest, all or skip, got "each"'],
    ['every: 1m, overlap: , task: known', 'schedules.e.overlap: expected skip, allow or queue, got nothing'],
    ['every: 1m, args: 5, task: known', 'schedules.e.args: expected a list, got 5'],
    [
      'every: 1m, kwargs: { a: [.nan] }, task: known',
      'schedules.e.kwargs.a[0]: expected a number that JSON can carry as it is, got .nan; a text is written ".nan"',
    ],
    [
      `every: 1m, args: ${'['.repeat(34)}${']'.repeat(34)}, task: known`,
      /arguments are nested deeper than 32 levels$/,
    ],
    ['every: 1m, task: " x"', /^schedules\.e\.task: expected a name: up to 200 characters, .*, got " x"$/],
    [
      'every: 1m, tsk: known',
      'schedules.e: what does it run? one of task, command and shell is missing',
      'schedules.e.tsk: unknown key; did you mean task?',
    ],
    [
      'every: 1m, command: [x], args: [1]',
      'schedules.e.args: the command of e does not read them; write stdin: json beside it, or put them into the command',
    ],
  ])('%s', (text, ...expected) => {
    const complaints = complaintsOf(entry(text)).map((each) => each.replace(/^schedules\.yaml:\d+:\d+: /, ''))
    expect(complaints).toHaveLength(expected.length)
    for (const [index, each] of expected.entries())
      expect(complaints[index]).toMatch(each instanceof RegExp ? each : exactly(each))
  })

  it('a task defined in place and under tasks is a problem that names both lines', () => {
    expect(complaintsOf('tasks:\n  a: { command: [x] }\nschedules:\n  a: { every: 1m, shell: y }\n')).toEqual(
      ['schedules.yaml:4:6: schedules.a: shell defines a task of this name, and tasks.a on line 2 does too'],
    )
  })

  it('a name given twice is a problem that names both lines', () => {
    expect(complaintsOf('schedules:\n  a: { every: 1m, shell: y }\n  a: { every: 1m, shell: y }\n')).toEqual([
      'schedules.yaml:3:3: schedules.a: the same key is on line 2 already',
    ])
  })
})

describe('a task runs one thing, within limits that mean something', () => {
  it.each([
    [
      'command: ls -l',
      /^tasks\.t\.command: expected a command as a list, .*, got "ls -l"; a line for the shell goes under shell:$/,
    ],
    ['command: []', /got an empty list$/],
    ['shell: " "', /expected a script for the shell, got " "$/],
    ['shell: x, cwd: ~/work', /got "~\/work"; ~ is not replaced here; write \$\{HOME\}\/…$/],
    ['command: [""]', 'tasks.t.command: the program has no name'],
    [
      'command: [a, [b]]',
      'tasks.t.command[1]: expected a text or a number, got a list; an empty text is written ""',
    ],
    ['env: { A: 1 }', 'tasks.t.env: of use to a task with command or shell beside it; this one has neither'],
    ['user: ann', 'tasks.t.user: of use to a task with command or shell beside it; this one has neither'],
    ['shell: x, user: --help', 'tasks.t.user: expected the name of a user, got "--help"'],
    ['shell: x, user: "a:b"', 'tasks.t.user: expected the name of a user, got "a:b"'],
    ['shell: x, user: ""', 'tasks.t.user: expected the name of a user, got ""'],
    ['command: [x], env: { A-B: 1 }', 'tasks.t.env.A-B: expected the name of a variable, got "A-B"'],
    [
      'command: [x], env: { TASKBEAT_ID: 1 }',
      'tasks.t.env.TASKBEAT_ID: variables that begin with TASKBEAT_ are set by taskbeat',
    ],
    ['command: [x], stdin: yaml', 'tasks.t.stdin: expected json, got "yaml"'],
    [
      'shell: x, timeout: 0s',
      'tasks.t.timeout: expected a duration, such as 10s or 1h30m, or none, got "0s"',
    ],
    ['shell: x, retry: -1', 'tasks.t.retry: expected a whole number from 0 to 1000, got -1'],
    ['shell: x, retry: { delay: 1s }', 'tasks.t.retry: max is missing: how often to try again'],
    ['shell: x, retry: { max: 1, jitter: half }', 'tasks.t.retry.jitter: expected full or none, got "half"'],
    [
      'shell: x, retry: { max: 1, exit_codes: [256] }',
      'tasks.t.retry.exit_codes[0]: expected a whole number from 1 to 255, got 256',
    ],
    [
      'shell: x, output_limit: 1GiB',
      /expected a size of at most 16MiB, such as 64KiB, 1MiB or a number of bytes, got "1GiB"$/,
    ],
    ['shell: x, priority: 3', 'tasks.t.priority: unknown key'],
    [
      'shell: x, rate: 10',
      'tasks.t.rate: expected a rate such as 10/m, 5/s or 100/h, or none, got 10; in what time? write 10/s, 10/m or 10/h',
    ],
    ['shell: x, rate: 10/min', /^tasks\.t\.rate: .*; a rate is per s, m, h or d$/],
    [
      'shell: x, rate: 0/s',
      /^tasks\.t\.rate: expected a rate such as 10\/m, 5\/s or 100\/h, or none, got "0\/s"$/,
    ],
    [
      'shell: x, on_failure: t2 }, t2: { shell: y',
      'tasks.t.on_failure: the command of t2 would not read what it is sent; write stdin: json beside it',
    ],
    ['shell: x, delivery: once', 'tasks.t.delivery: expected at_least_once or at_most_once, got "once"'],
    [
      'shell: x, delivery: at_most_once, retry: 2',
      'tasks.t.retry: of no use with delivery: at_most_once, which makes one attempt',
    ],
    [
      'shell: x, delivery: at_most_once, journal: false',
      'tasks.t.journal: delivery: at_most_once needs the journal',
    ],
    ['shell: x, concurrency: 0', 'tasks.t.concurrency: expected a whole number from 1 to 10000, got 0'],
    ['shell: x, journal: maybe', 'tasks.t.journal: expected true or false, got "maybe"'],
  ])('%s', (text, expected) => {
    const [complaint = '', ...others] = complaintsOf(`tasks: { t: { ${text} } }\nschedules: {}`)
    expect(complaint.replace(/^schedules\.yaml:\d+:\d+: /, '')).toMatch(
      expected instanceof RegExp ? expected : exactly(expected),
    )
    expect(others).toEqual([])
  })
})

it('what a merge key was to bring is not missed as well', () => {
  const text = 'schedules:\n  a: { <<: { every: 1m, shell: x }, timeout: 5s }\n'
  expect(complaintsOf(text)).toEqual([
    'schedules.yaml:2:8: schedules.a.<<: merge keys are not part of YAML 1.2; what many entries share goes under defaults',
  ])
})

describe('the rest of the file', () => {
  it.each([
    [
      'broker: { url: "postgres://x" }',
      /^broker\.url: expected sqlite:PATH or amqp.*, got another kind of URL$/,
    ],
    ['broker: { url: "amqp://u@h:5672/a/b" }', /^broker\.url: .*; a slash within the vhost is written %2F$/],
    [
      'broker: { url: ["amqp://h", "amqp://h?heartbeat=5"] }',
      /^broker\.url\[1\]: .*, got options after it; .*$/,
    ],
    ['broker: { url: "amqp://u:p%zz@h" }', /^broker\.url: .*; a percent sign is written %25, .*$/],
    [
      'broker: { url: "amqp://h:99999" }',
      'broker.url: expected amqp[s]://USER@HOST[:PORT][/VHOST], got a port above 65535',
    ],
    [
      'broker: { url: "sqlite:~/x.db" }',
      'broker.url: expected sqlite:PATH, got a path from ~, which is not replaced here; write the directory',
    ],
    ['worker: { heap: 1 }', /^worker\.heap: expected a size from 16MiB to 1000GiB, .*, got 1$/],
    ['broker: { url: "amqp:///v" }', 'broker.url: expected amqp://USER@HOST/VHOST, got no host in it'],
    ['broker: { url: {} }', /^broker\.url: expected sqlite:PATH or amqp.*, got an empty map$/],
    ['http: { beat: {} }', 'http.beat: expected 127.0.0.1:PORT or unix:PATH, got an empty map'],
    [
      'defaults: { retry: [] }',
      'defaults.retry: expected a number of attempts, or a map with max, got an empty list',
    ],
    ['broker: { url: [] }', /^broker\.url: expected .*, got an empty list/],
    ['broker: { url: [amqp://a, sqlite:b] }', /^broker\.url: a list names the nodes of one RabbitMQ cluster/],
    ['broker: { heartbeat: 10 }', /^broker\.heartbeat: expected a duration/],
    ['broker: { tls: { cart: x } }', 'broker.tls.cart: unknown key; did you mean cert?'],
    [
      'queues: { celery: { type: quorom } }',
      'queues.celery.type: expected quorum, classic or existing, got "quorom"',
    ],
    ['queues: [celery]', /^queues: expected a map/],
    [
      'queues: { mail.eta: {} }',
      'queues.mail.eta: expected a queue that taskbeat does not make itself, got "mail.eta": what ends in .eta holds messages until they are due',
    ],
    ['worker: { queues: [taskbeat, mail.dead] }', /^worker\.queues\[1\]: .*got "mail\.dead": .*dead letters/],
    ['defaults: { queue: mail.lane.12 }', /^defaults\.queue: .*runs that may not overlap/],
    ['tasks: { t: { shell: x, queue: mail.running.oak } }', /^tasks\.t\.queue: .*long runs/],
    ['worker: { queues: [taskbeat.mail] }', /^worker\.queues\[0\]: .*begins with taskbeat\. is its own/],
    ['worker: { queues: [amq.gen-1] }', /RabbitMQ’s own/],
    [`worker: { queues: [${'ä'.repeat(76)}] }`, /in at most 150 bytes, got 152/],
    [
      'broker: { url: "sqlite::memory:" }',
      'broker.url: expected sqlite:PATH: beat and worker meet in a file',
    ],
    ['worker: { concurrency: 0 }', 'worker.concurrency: expected a whole number from 1 to 10000, got 0'],
    ['worker: { queues: [] }', 'worker.queues: expected a list of at least one queue, got an empty list'],
    ['worker: { modules: tasks.ts }', 'worker.modules: expected a list of paths, got "tasks.ts"'],
    ['beat: { lookahead: 30 }', /a number needs a unit: write 30s, 30m or 30h$/],
    ['defaults: { command: [x] }', 'defaults.command: unknown key'],
    ['timezone: 5', 'timezone: expected a time zone such as Europe/Berlin, UTC or local, got 5'],
    [`state_dir: \${HOME`, `state_dir: expected \${NAME} or \${NAME:-default}, got \${HOME`],
    ['tasks: [a]', 'tasks: expected a map, got a list'],
    ['__proto__: 1', '__proto__: this name is not allowed'],
    ['<<: {}', '<<: merge keys are not part of YAML 1.2; what many entries share goes under defaults'],
  ])('%s', (text, expected) => {
    const [complaint = ''] = complaintsOf(`${text}\nschedules: {}`)
    expect(complaint.replace(/^schedules\.yaml:\d+:\d+: /, '')).toMatch(
      expected instanceof RegExp ? expected : exactly(expected),
    )
  })

  it('schedules is required of those who emit, and its absence told to who checks', () => {
    const text = 'log: { level: info }'
    expect(complaintsOf(text, { role: 'beat' })).toEqual([
      'schedules.yaml:1:1: schedules is missing; if nothing shall be due, write schedules: {}',
    ])
    expect(complaintsOf(text, { role: 'dev' })).toHaveLength(1)
    expect(() => complaintsOf(text, { role: 'worker' })).toThrow('no problems')
    expect(complaintsOf('schedules:\n', { role: 'worker' })).toEqual([
      'schedules.yaml:1:11: schedules: expected a map, got nothing',
    ])
  })
})

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
}
