/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: a file may well hold ${NAME} */
import { matchesGlob } from 'node:path'
import { describe, expect, it } from 'vitest'
import { settingsOf } from './read-text.ts'

function entriesOf(text: string) {
  return settingsOf(text).schedules
}

describe('on_failure', () => {
  const text = (more: string, task = '') =>
    `schedules: { e: { every: 1h, task: t }, own: { every: 1h, shell: x } }\ntasks: { t: { shell: x${task} }, notify: { shell: y, stdin: json, queue: mail } }\n${more}`
  const told = (settings: ReturnType<typeof settingsOf>) => ({
    entries: settings.schedules.map(({ onFailure }) => onFailure),
    tasks: settings.tasks.map(({ onFailure }) => onFailure),
  })
  const mail = { task: 'notify', queue: 'mail' }

  it('of a task holds for the entries that call it', () => {
    expect(told(settingsOf(text('', ', on_failure: notify')))).toEqual({
      entries: [mail, undefined],
      tasks: ['notify', undefined, undefined],
    })
  })

  it('of defaults holds for all, until it is taken back', () => {
    const all = 'defaults: { on_failure: notify }'
    expect(told(settingsOf(text(all)))).toEqual({
      entries: [mail, mail],
      tasks: ['notify', 'notify', 'notify'],
    })
    expect(told(settingsOf(text(all, ', on_failure: none'))).entries).toEqual([undefined, mail])
  })
})

describe('an entry goes before its task, and that before the defaults', () => {
  const text = `
defaults: { queue: low, timeout: 1h, retry: 3, priority: 1, env: { A: d, B: d }, missed: skip, overlap: allow }
tasks:
  plain: { command: [x] }
  own: { command: [x], queue: high, timeout: 5m, retry: 0, env: { B: t } }
  none: { command: [x], timeout: none }
schedules:
  a: { every: 1h, task: plain }
  b: { every: 1h, task: own }
  c: { every: 1h, task: own, queue: now, priority: 9, missed: latest, overlap: queue }
  d: { every: 1h, shell: y, timeout: 2h }
`
  const { schedules, tasks, taskDefaults } = settingsOf(text)

  it('queue, priority and policies', () => {
    expect(
      schedules.map(({ queue, priority, missed, overlap }) => [queue, priority, missed, overlap]),
    ).toEqual([
      ['low', 1, 'skip', 'allow'],
      ['high', 1, 'skip', 'allow'],
      ['now', 9, 'latest', 'queue'],
      ['low', 1, 'skip', 'allow'],
    ])
  })

  it('limits, retries and the environment, whose variables add up', () => {
    expect(tasks.map(({ name, timeout, retry, env }) => [name, timeout, retry.max, env])).toEqual([
      ['plain', 3_600_000, 3, { A: 'd', B: 'd' }],
      ['own', 300_000, 0, { A: 'd', B: 't' }],
      ['none', undefined, 3, { A: 'd', B: 'd' }],
      ['d', 7_200_000, 3, { A: 'd', B: 'd' }],
    ])
  })

  it('a task of a module that the file does not mention gets the defaults', () => {
    expect(taskDefaults).toMatchObject({
      timeout: 3_600_000,
      queue: 'low',
      env: { A: 'd', B: 'd' },
      cwd: '/srv',
    })
  })

  it('a jitter for all is cut to the period of who is due more often', () => {
    const entries = entriesOf(
      'defaults: { jitter: 10m }\nschedules: { a: { every: 10s, shell: x }, b: { cron: "@daily", shell: x } }',
    )
    expect(entries.map(({ jitter }) => jitter)).toEqual([10_000, 600_000])
  })

  it('overlap waits by default where each counts', () => {
    const entries = entriesOf(
      'schedules: { a: { every: 1m, shell: x }, b: { every: 1m, shell: x, missed: all } }',
    )
    expect(entries.map(({ overlap }) => overlap)).toEqual(['skip', 'queue'])
  })
})

describe('a file gives whole settings', () => {
  it('what it leaves unsaid is filled in', () => {
    expect(settingsOf('schedules: { a: { every: 1m, command: [x] } }')).toEqual({
      file: '/srv/schedules.yaml',
      include: [],
      timezone: 'UTC',
      stateDir: '/home/ann/.local/state/taskbeat',
      broker: { kind: 'sqlite', path: '/home/ann/.local/state/taskbeat/broker.db', group: 'main' },
      queues: [],
      beat: { lookahead: 30_000 },
      schedules: [
        {
          name: 'a',
          task: 'a',
          timings: [{ kind: 'every', period: 60_000 }],
          timezone: 'UTC',
          missed: 'latest',
          overlap: 'skip',
          enabled: true,
          args: [],
          kwargs: {},
          queue: 'taskbeat',
          priority: 4,
        },
      ],
      tasks: [
        {
          name: 'a',
          action: { kind: 'command', argv: ['x'] },
          env: {},
          cwd: '/srv',
          isolation: 'thread',
          killAfter: 10_000,
          retry: { max: 0, backoff: { firstMs: 10_000, factor: 2, longestMs: 600_000, jitter: 'full' } },
          outputLimitBytes: 65_536,
          resultTtl: 86_400_000,
        },
      ],
      taskDefaults: {
        env: {},
        cwd: '/srv',
        isolation: 'thread',
        killAfter: 10_000,
        retry: { max: 0, backoff: { firstMs: 10_000, factor: 2, longestMs: 600_000, jitter: 'full' } },
        outputLimitBytes: 65_536,
        resultTtl: 86_400_000,
      },
      worker: {
        modules: [],
        queues: ['taskbeat'],
        concurrency: 10,
        grace: 300_000,
        heapBytes: 536_870_912,
        recycle: {},
      },
      http: {},
      log: { level: 'info', format: 'auto' },
    })
  })

  it('every key of an entry is understood', () => {
    const text = `
timezone: Europe/Berlin
schedules:
  a:
    every: 1h30m
    anchor: 2026-11-01T08:00
    start: 2026-11-02T00:00
    end: 2027-01-01T00:00+00:00
    except: [2026-12-25]
    jitter: 30s
    timezone: America/New_York
    missed: all
    missed_window: 2d
    expires: 1h
    enabled: false
    task: t
    args: [1, two, null, { three: [true] }]
    kwargs: { to: boss@example.org }
    description: what for
`
    expect(entriesOf(text)[0]).toEqual({
      name: 'a',
      task: 't',
      timings: [{ kind: 'every', period: 5_400_000 }],
      timezone: 'America/New_York',
      anchor: Date.UTC(2026, 10, 1, 13),
      start: Date.UTC(2026, 10, 2, 5),
      end: Date.UTC(2027, 0, 1),
      except: ['2026-12-25'],
      jitter: 30_000,
      missed: 'all',
      missedWindow: 172_800_000,
      overlap: 'queue',
      expires: 3_600_000,
      enabled: false,
      args: [1, 'two', null, { three: [true] }],
      kwargs: { to: 'boss@example.org' },
      queue: 'taskbeat',
      priority: 4,
      description: 'what for',
    })
  })

  it('a rule may be a list, and a time local or with an offset', () => {
    const text = `
timezone: Europe/Berlin
schedules:
  a: { cron: ["17 3 * * *", "@Daily"], task: t }
  b: { at: [2027-01-01T09:00, 2027-01-01T09:00Z], task: t }
`
    expect(entriesOf(text).map(({ timings }) => timings)).toEqual([
      [
        { kind: 'cron', expression: '17 3 * * *' },
        { kind: 'cron', expression: '@Daily' },
      ],
      [
        { kind: 'at', instant: Date.UTC(2027, 0, 1, 8) },
        { kind: 'at', instant: Date.UTC(2027, 0, 1, 9) },
      ],
    ])
  })

  it('every key of a task is understood', () => {
    const text = `
schedules: {}
tasks:
  t:
    command: [x]
    stdin: json
    env: { A: b }
    env_file: t.env
    cwd: work
    user: ann
    timeout: 1m
    kill_after: 0s
    retry: { max: 5, delay: 1s, factor: 1.5, max_delay: 1m, jitter: none, exit_codes: [1, 2] }
    output_limit: 1MiB
    result_ttl: 1h
    isolation: process
    soft_timeout: 50s
    queue: q
    description: what for
`
    expect(settingsOf(text).tasks).toEqual([
      {
        name: 't',
        action: { kind: 'command', argv: ['x'] },
        stdin: 'json',
        env: { A: 'b' },
        envFile: '/srv/t.env',
        cwd: '/srv/work',
        user: 'ann',
        timeout: 60_000,
        softTimeout: 50_000,
        isolation: 'process',
        killAfter: 0,
        retry: {
          max: 5,
          backoff: { firstMs: 1_000, factor: 1.5, longestMs: 60_000, jitter: 'none' },
          exitCodes: [1, 2],
        },
        outputLimitBytes: 1_048_576,
        resultTtl: 3_600_000,
        queue: 'q',
        description: 'what for',
      },
    ])
  })

  it('of a module’s task it is remembered what was said of it by name', () => {
    const text =
      'schedules: {}\nworker: { modules: [x.ts] }\ntasks: { t: { isolation: process, timeout: none } }'
    expect(settingsOf(text).tasks).toMatchObject([{ isolation: 'process', own: ['timeout', 'isolation'] }])
  })

  it('a worker is told what its threads and processes may need, and when they are replaced', () => {
    const text = 'schedules: {}\nworker: { heap: 1GiB, recycle: { runs: 100, memory: 300MB } }'
    expect(settingsOf(text).worker).toMatchObject({
      heapBytes: 1_073_741_824,
      recycle: { runs: 100, memory: 300_000_000 },
    })
  })

  it('a worker takes from every queue that the file names, the default one first', () => {
    const text =
      'schedules: { a: { every: 1m, shell: x, queue: c } }\ntasks: { t: { shell: x, queue: b } }\ndefaults: { queue: a }'
    expect(settingsOf(text).worker.queues).toEqual(['taskbeat', 'a', 'b', 'c'])
    expect(settingsOf(`${text}\nworker: { queues: [c, c] }`).worker.queues).toEqual(['c'])
  })

  it('a process is given its own part, and both the same problems', () => {
    const text = 'schedules: { a: { every: 1m, shell: x } }\ntasks: { t: { shell: x } }'
    const beat = settingsOf(text, { parts: { schedules: true, tasks: false } })
    const worker = settingsOf(text, { parts: { schedules: false, tasks: true } })
    expect([beat.schedules.length, beat.tasks.length]).toEqual([1, 0])
    expect([worker.schedules.length, worker.tasks.map(({ name }) => name)]).toEqual([0, ['t', 'a']])
  })

  it('CRLF and a byte order mark do no harm', () => {
    expect(
      entriesOf('schedules:\r\n  a:\r\n    every: 1m\r\n    shell: |\r\n      a\r\n      b\r\n'),
    ).toHaveLength(1)
  })
})

describe('what a command is given stays as it is written', () => {
  it.each([
    ['+14'],
    ['0644'],
    ['~'],
    ['1e3'],
    ['yes'],
    ['null'],
    ['true'],
    ['0x1F'],
    ['1_000'],
    ['.5'],
    ['2026-11-22'],
    ['${HOME}'],
    ['$${HOME}'],
    ['a b'],
  ])('%s', (item) => {
    const command = `command:\n      - x\n      - ${item}\n      - "${item}"`
    const { tasks } = settingsOf(`schedules: {}\ntasks:\n  t:\n    ${command}\n    env:\n      A: ${item}\n`)
    expect(tasks[0]?.action).toEqual({ kind: 'command', argv: ['x', item, item] })
    expect(tasks[0]?.env).toEqual({ A: item })
  })

  it('a script keeps its lines and its dollars', () => {
    const { tasks } = settingsOf(
      'schedules: {}\ntasks:\n  t:\n    shell: |\n      echo "${HOME}" $${A}\n      exit 0\n',
    )
    expect(tasks[0]?.action).toEqual({ kind: 'shell', script: 'echo "${HOME}" $${A}\nexit 0\n' })
  })
})

describe('the file says where things are', () => {
  it.each([
    ['/etc/taskbeat/schedules.yaml', {}, '/var/lib/taskbeat'],
    ['/etc/taskbeat/schedules.yaml', { STATE_DIRECTORY: '/run/x' }, '/var/lib/taskbeat'],
    ['/srv/s.yaml', { STATE_DIRECTORY: '/var/lib/x:/var/lib/y', HOME: '/h' }, '/var/lib/x'],
    ['/srv/s.yaml', { XDG_STATE_HOME: '/h/state', HOME: '/h' }, '/h/state/taskbeat'],
    ['/srv/s.yaml', { XDG_STATE_HOME: 'relative', HOME: '/h' }, '/h/.local/state/taskbeat'],
  ])('the state of %s with %j is in %s', (absolute, env, stateDir) => {
    expect(settingsOf('schedules: {}', { absolute, env })).toMatchObject({
      stateDir,
      broker: { path: `${stateDir}/broker.db` },
    })
  })

  it.each([
    ['sqlite:b.db', '/srv/b.db'],
    ['sqlite:/x/b.db', '/x/b.db'],
    ['sqlite:///x/b.db', '/x/b.db'],
  ])('%s is %s', (url, path) => {
    expect(settingsOf(`schedules: {}\nbroker: { url: "${url}", group: g }`).broker).toEqual({
      kind: 'sqlite',
      path,
      group: 'g',
    })
    const env = { HOME: '/h', TASKBEAT_BROKER_URL: url }
    expect(settingsOf('schedules: {}', { env }).broker).toMatchObject({ kind: 'sqlite', path })
  })

  it('RabbitMQ is named by its addresses, and the rest has defaults', () => {
    const text =
      'schedules: {}\nbroker: { url: [amqp://a@one/v, amqps://a@two/v], password_file: pw, tls: { ca: ca.pem } }'
    expect(settingsOf(text).broker).toEqual({
      kind: 'amqp',
      group: 'main',
      urls: ['amqp://a@one/v', 'amqps://a@two/v'],
      passwordFile: '/srv/pw',
      tls: { ca: '/srv/ca.pem' },
      heartbeat: 10_000,
      hold: 60_000,
      consumerTimeout: 1_800_000,
    })
    const env = { HOME: '/h', TASKBEAT_BROKER_URL: 'amqp://b@three' }
    expect(settingsOf(text, { env }).broker).toMatchObject({ kind: 'amqp', urls: ['amqp://b@three'] })
  })

  it('queues say how RabbitMQ keeps them', () => {
    expect(settingsOf('schedules: {}\nqueues: { celery: { type: existing }, mail: {} }').queues).toEqual([
      { name: 'celery', type: 'existing' },
      { name: 'mail', type: 'quorum' },
    ])
  })

  it('a directory whose name looks like a pattern is none', () => {
    const directory = '/srv/[prod] {a}+(x)'
    const text = 'schedules: {}\nworker: { modules: [tasks/*.ts] }'
    const [pattern = ''] = settingsOf(text, { absolute: `${directory}/schedules.yaml` }).worker.modules
    expect(matchesGlob(`${directory}/tasks/a.ts`, pattern)).toBe(true)
  })

  it('relative paths start at the file', () => {
    const settings = settingsOf(
      'schedules: {}\nstate_dir: ../state\nworker: { modules: [./tasks/*.ts, /abs.ts] }',
    )
    expect(settings.stateDir).toBe('/state')
    expect(settings.worker.modules).toEqual(['/srv/tasks/*.ts', '/abs.ts'])
  })
})
