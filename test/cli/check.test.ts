import { expect, test } from 'vitest'
import { openCliWorld } from './cli-world.ts'

const nightly = 'schedules:\n  nightly: { at: 2099-01-01T02:00Z, command: [backup], timeout: 1m }\n'

test('a configuration that is fit for use is summed up in one line', async () => {
  const { run } = openCliWorld(nightly)
  const { code, stdout } = await run('check')
  expect(stdout).toMatch(/^ok: 1 entry, 1 task, next: nightly at 2099-01-01 02:00\S* ?\S* \(in \d+d\d+h\)\n$/)
  expect(code).toBe(0)
})

test('a configuration without entries is fit for use, and said to have nothing due', async () => {
  const { code, stdout, stderr } = await openCliWorld().run('check')
  expect(stdout).toBe('ok: 0 entries, 0 tasks, nothing is due\n')
  expect(stderr).toContain('warning: schedules.yaml:2:12: schedules: there are no entries')
  expect(code).toBe(0)
})

test('every problem is told at its place, and the exit code is 78', async () => {
  const { run } = openCliWorld(
    'schedules:\n  a: { cron: "61 * * * *", shell: x }\n  b: { task: t, evry: 1s }\n',
  )
  const { code, stdout, stderr } = await run('check')
  expect(stdout).toBe('')
  expect(stderr).toContain('schedules.yaml:3:14: schedules.a.cron: ')
  expect(stderr).toContain('schedules.b')
  expect(stderr).toContain('did you mean every?')
  expect(code).toBe(78)
})

test('a file that does not exist is a problem, with and without --json', async () => {
  const { run } = openCliWorld()
  expect(await run('check', 'other.yaml')).toMatchObject({
    code: 78,
    stdout: '',
    stderr: 'other.yaml: no such file\n',
  })
  const { code, json } = await run('check', 'other.yaml', '--json')
  expect(json()).toEqual({
    ok: false,
    entries: null,
    tasks: null,
    next: null,
    problems: [{ file: 'other.yaml', line: null, column: null, path: '', message: 'no such file' }],
    warnings: [],
  })
  expect(code).toBe(78)
})

test('--json has what comes next, and nothing else on standard output', async () => {
  const { run } = openCliWorld(nightly)
  const { code, json } = await run('check', '--json')
  expect(json()).toMatchObject({
    ok: true,
    entries: 1,
    tasks: 1,
    next: {
      entry: 'nightly',
      due: '2099-01-01T02:00:00.000Z',
      eta: '2099-01-01T02:00:00.000Z',
      task: 'nightly',
      timezone: 'UTC',
    },
    problems: [],
  })
  expect(code).toBe(0)
})

test('--strict makes a warning a failure', async () => {
  const { run } = openCliWorld(
    'timezone: UTC\nschedules:\n  a: { cron: "*/35 * * * *", shell: x, timeout: 1m }\n',
  )
  const lax = await run('check')
  expect(lax.code).toBe(0)
  expect(lax.stderr).toMatch(/^warning: schedules\.yaml:4:14: schedules\.a\.cron: \*\/35/m)
  expect((await run('check', '--strict')).code).toBe(1)
  expect((await run('check', '--strict', '--json')).code).toBe(1)
})

test('--against tells what a deploy would change, and leaves out what only stands elsewhere', async () => {
  const world = openCliWorld(`schedules:
  stays: { every: 1h, task: t }
  moved: { at: 2099-01-01T02:00Z, task: t, jitter: 1s }
  off: { at: 2099-01-01T02:00Z, task: t, description: before }
  goes: { at: 2099-01-01T02:00Z, task: t }
tasks:
  t: { command: [x], timeout: 1m, env: { TOKEN: s3cret, SAME: a } }
`)
  const path = world.write(
    'elsewhere/new.yaml',
    `schedules:
  stays: { every: 1h, task: t }
  moved: { at: 2099-01-01T03:00Z, task: t, overlap: allow }
  off: { at: 2099-01-01T02:00Z, task: t, description: after, enabled: false }
  comes: { at: 2099-01-02T02:00Z, task: t }
tasks:
  t: { command: [x], env: { TOKEN: other, SAME: a } }
`,
  )
  const { code, stdout } = await world.run('check', path, '--against', 'schedules.yaml')
  const lines = stdout.split('\n').map((line) => line.replaceAll(/ UTC\b/g, ''))
  expect(lines.slice(1)).toEqual([
    '- goes: was next at 2099-01-01 02:00',
    '+ comes: next 2099-01-02 02:00',
    '~ moved: at 2099-01-01T02:00:00.000Z → 2099-01-01T03:00:00.000Z, jitter 1s → unset, overlap skip → allow, next 2099-01-01 02:00 → 2099-01-01 03:00',
    '~ off: enabled true → false, next 2099-01-01 02:00 → never',
    '~ task t: env.TOKEN changed, timeout 1m → unset',
    '',
  ])
  expect(stdout).not.toContain('s3cret')
  expect(code).toBe(0)
})

test('--against --json lists the changes beside the rest', async () => {
  const world = openCliWorld('schedules:\n  a: { at: 2099-01-01T02:00Z, shell: x }\n')
  const path = world.write('new.yaml', 'schedules:\n  a: { at: 2099-01-01T02:00Z, shell: x, priority: 7 }\n')
  const { json } = await world.run('check', path, '--against', 'schedules.yaml', '--json')
  expect(json()).toMatchObject({
    ok: true,
    changes: {
      entries: [
        {
          change: 'changed',
          entry: 'a',
          keys: [{ key: 'priority', before: '4', after: '7' }],
          next_before: '2099-01-01T02:00:00.000Z',
          next_after: '2099-01-01T02:00:00.000Z',
        },
      ],
      tasks: [],
    },
  })
})

test('a file that cannot be compared with is told of', async () => {
  const { code, stderr } = await openCliWorld(nightly).run('check', '--against', 'gone.yaml')
  expect(stderr).toContain('nothing to compare with:\ngone.yaml: no such file\n')
  expect(code).toBe(78)
})

test('the configuration is named once', async () => {
  const { code, stderr } = await openCliWorld().run('check', 'a.yaml', '-c', 'b.yaml')
  expect(stderr).toBe('the configuration is given twice: as an argument and by --config\n')
  expect(code).toBe(2)
})

test('a command, an option or an argument that does not exist is a wrong call', async () => {
  const { run } = openCliWorld()
  for (const [argv, told] of [
    [['chek'], 'Did you mean check?'],
    [['check', '--strikt'], 'Did you mean --strict?'],
    [['check', 'a', 'b'], 'too many arguments'],
    [['check', '--against'], 'argument missing'],
  ] as const) {
    const { code, stderr } = await run(...argv)
    expect(stderr).toContain(told)
    expect(code).toBe(2)
  }
})

test('what a file contains does not steer the terminal', async () => {
  const { run } = openCliWorld('schedules:\n  "a\\e[2J\\u009b": { every: 1h, shell: x }\n')
  const { stderr, code } = await run('check')
  expect(code).toBe(78)
  expect(stderr).not.toMatch(/(?!\n)\p{Cc}/u)
})

const withModules = (task: string): string =>
  `schedules: { a: { every: 1h, task: ${task} } }\ndefaults: { timeout: 1s }\nworker: { modules: [./tasks.ts] }\n`

const reportModule = `import { defineTask } from 'taskbeat'
export const report = defineTask('report', () => {})
`

test('with --modules a task that neither the file nor a module defines is warned of, with the nearest', async () => {
  const { run, write } = openCliWorld(withModules('reprot'))
  write('tasks.ts', reportModule)
  expect((await run('check', '--strict')).code).toBe(0)
  const { code, stderr } = await run('check', '--strict', '--modules')
  expect(stderr).toContain(
    'schedules.a.task: neither this file nor a module defines a task of this name; did you mean report?',
  )
  expect(code).toBe(1)
})

test('with --modules a task that a module defines is no news', async () => {
  const { run, write } = openCliWorld(withModules('report'))
  write('tasks.ts', reportModule)
  expect(await run('check', '--strict', '--modules')).toMatchObject({
    code: 0,
    stderr: 'using ./schedules.yaml\n',
  })
})

test.each([
  ["{ timeout: 'abc' }", 'timeout of task report: expected a duration such as 10s or 1h30m, got abc'],
  ['{ time_out: 1 }', 'time_out of task report: unknown option; did you mean timeout?'],
])(
  'with --modules a task whose options the worker refuses is a problem of its module: %s',
  async (options, why) => {
    const { run, write } = openCliWorld(withModules('report'))
    const file = write('tasks.ts', reportModule.replace('() => {}', `() => {}, ${options}`))
    const { code, stderr } = await run('check', '--modules')
    expect(stderr).toContain(`${file}: ${why}`)
    expect(code).toBe(78)
  },
)

test('with --modules options for a task that no module exports are warned of, with the nearest', async () => {
  const text = withModules('report')
  const { run, write } = openCliWorld(`${text}tasks: { report: { retry: 1 }, reprot: { retry: 2 } }\n`)
  write('tasks.ts', reportModule)
  expect((await run('check', '--strict')).code).toBe(0)
  const { code, stderr } = await run('check', '--strict', '--modules')
  expect(stderr).toContain(
    'tasks.reprot: no module exports a task of this name, so nothing takes these options; did you mean report?',
  )
  expect(stderr).not.toContain('tasks.report:')
  expect(code).toBe(1)
})

const nobodyThere = `schedules: {}
worker:
  modules: [./tasks.ts, ./nope.ts, "jobs/*.ts"]
`

test('a module that is not there is warned of at its place, and so is a pattern that matches nothing', async () => {
  const { run, write } = openCliWorld(nobodyThere)
  write('tasks.ts', 'export {}\n')
  const { code, stderr } = await run('check')
  expect(stderr).toContain(
    [
      'warning: schedules.yaml:4:25: worker.modules[1]: no file matches',
      '    modules: [./tasks.ts, ./nope.ts, "jobs/*.ts"]',
      '                          ^',
      'warning: schedules.yaml:4:36: worker.modules[2]: no file matches',
    ].join('\n'),
  )
  expect(stderr).not.toContain('modules[0]')
  expect(code).toBe(0)
  expect((await run('check', '--strict')).code).toBe(1)
})

test('with --modules a module that is not there is a problem at its place, told with what is wrong in others', async () => {
  const { run, write } = openCliWorld(nobodyThere)
  const file = write('tasks.ts', "throw new Error('no database here')\n")
  const { code, stderr } = await run('check', '--modules')
  expect(stderr).toContain('schedules.yaml:4:25: worker.modules[1]: no file matches\n')
  expect(stderr).toContain('schedules.yaml:4:36: worker.modules[2]: no file matches\n')
  expect(stderr).toContain(`${file}: `)
  expect(stderr).not.toContain('nope.ts: no file')
  expect(code).toBe(78)
})

test('with --modules a module that cannot be imported is a problem, with its reason', async () => {
  const { run, write } = openCliWorld(withModules('report'))
  const file = write('tasks.ts', "throw new Error('no database here')\n")
  const { code, stderr } = await run('check', '--modules')
  expect(stderr).toContain(`${file}: `)
  expect(stderr).toContain('no database here')
  expect(code).toBe(78)
})
