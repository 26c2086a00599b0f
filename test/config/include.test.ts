import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { type Loaded, loadSettings } from '../../src/config/load-settings.ts'
import { renderProblem } from '../../src/config/problem.ts'
import type { Role } from '../../src/config/reading.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { firstLine, usable } from './read-text.ts'

const main = 'timezone: UTC\ninclude: conf.d/*.yaml\nschedules:\n  own: { every: 1h, task: shared }\n'

/** Writes these files into a directory of their own, and reads schedules.yaml. */
function load(
  files: Readonly<Record<string, string>>,
  cwd = temporaryDirectory(),
  role: Role = 'check',
): Promise<Loaded> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
  return loadSettings('schedules.yaml', { role, env: {}, cwd, machineZone: 'UTC' })
}

async function complaintsOf(
  files: Readonly<Record<string, string>>,
  role?: Role,
): Promise<readonly string[]> {
  const loaded = await load(files, temporaryDirectory(), role)
  return 'problems' in loaded ? loaded.problems.map(renderProblem).map(firstLine) : ['accepted']
}

test('entries, tasks and queues of included files are there as if the main file had them', async () => {
  const { settings } = usable(
    await load({
      'schedules.yaml': main,
      'conf.d/20-web.yaml':
        'schedules:\n  web: { every: 1m, task: shared }\nqueues: { celery: { type: existing } }\n',
      'conf.d/10-tasks.yaml': 'tasks: { shared: { command: ["true"], timeout: 1s } }\n',
    }),
  )
  expect(settings.schedules.map(({ name }) => name)).toEqual(['own', 'web'])
  expect(settings.tasks.map(({ name }) => name)).toEqual(['shared'])
  expect(settings.queues).toEqual([{ name: 'celery', type: 'existing' }])
})

test('a name in two files is a problem that names both places', async () => {
  expect(
    await complaintsOf({
      'schedules.yaml': main,
      'conf.d/a.yaml':
        '# more\nschedules:\n  own: { every: 1m, task: shared }\ntasks: { shared: { shell: a } }\n',
      'conf.d/b.yaml': 'tasks:\n  shared: { shell: b }\n',
    }),
  ).toEqual([
    'conf.d/a.yaml:3:3: schedules.own: the same key is in schedules.yaml:4 already',
    'conf.d/b.yaml:2:3: tasks.shared: the same key is in conf.d/a.yaml:4 already',
  ])
})

test('a problem in an included file is told at its place there', async () => {
  const loaded = await load({
    'schedules.yaml': main,
    'conf.d/a.yaml': '\nschedules:\n  bad: { cron: "61 * * * *", task: t }\n',
  })
  expect('problems' in loaded && loaded.problems.map(renderProblem)).toContain(
    [
      'conf.d/a.yaml:3:16: schedules.bad.cron: expected minute 0–59, got 61',
      '    bad: { cron: "61 * * * *", task: t }',
      '                 ^',
    ].join('\n'),
  )
})

test('what is no YAML in one file and what is wrong in another are told together', async () => {
  const complaints = await complaintsOf({
    'schedules.yaml': main,
    'conf.d/a.yaml': 'schedules: {\n',
    'conf.d/b.yaml': 'schedules: { x: \n',
  })
  expect(complaints.map((each) => each.split(':')[0])).toEqual(['conf.d/a.yaml', 'conf.d/b.yaml'])
})

test('what is missing, what is no YAML and what is wrong elsewhere are told together', async () => {
  const complaints = await complaintsOf({
    'schedules.yaml':
      'include: [conf.d/*.yaml, missing.yaml]\nschedules:\n  own: { every: 1h, tsk: shared }\n',
    'conf.d/a.yaml': 'schedules: {\n',
    'conf.d/b.yaml': 'schedules:\n  bad: { cron: "61 * * * *", task: t }\n',
  })
  expect(complaints).toEqual([
    'schedules.yaml:1:26: include[1]: missing.yaml: no such file',
    'schedules.yaml:3:8: schedules.own: what does it run? one of task, command and shell is missing',
    'schedules.yaml:3:21: schedules.own.tsk: unknown key; did you mean task?',
    expect.stringMatching(/^conf\.d\/a\.yaml:1:/),
    'conf.d/b.yaml:2:16: schedules.bad.cron: expected minute 0–59, got 61',
  ])
})

test('entries that a file may hold which cannot be read are not said to be missing', async () => {
  const files = { 'schedules.yaml': 'include: missing.yaml\n' }
  expect(await complaintsOf(files, 'beat')).toEqual([
    'schedules.yaml:1:10: include: missing.yaml: no such file',
  ])
})

test('an included file says nothing that the main file has to say', async () => {
  expect(
    await complaintsOf({
      'schedules.yaml': main,
      'conf.d/a.yaml': 'timezone: UTC\ninclude: more.yaml\ntasks: []\n',
    }),
  ).toEqual([
    'conf.d/a.yaml:1:1: timezone: an included file holds schedules, tasks and queues; this belongs into the main one',
    'conf.d/a.yaml:2:1: include: an included file holds schedules, tasks and queues; this belongs into the main one',
    'conf.d/a.yaml:3:8: tasks: expected a map, got an empty list',
  ])
})

test('a file that is named has to be there; a pattern may match nothing', async () => {
  expect(
    await complaintsOf({ 'schedules.yaml': 'include: [none.yaml, conf.d/*.yaml]\nschedules: {}\n' }),
  ).toEqual(['schedules.yaml:1:11: include[0]: none.yaml: no such file'])
  expect(await complaintsOf({ 'schedules.yaml': 'include: conf.d/*.yaml\nschedules: {}\n' })).toEqual([
    'accepted',
  ])
})

test('a pattern finds neither hidden files nor the main file, and an empty file does no harm', async () => {
  const directory = temporaryDirectory()
  const files = {
    'schedules.yaml': 'include: "*.yaml"\nschedules: {}\n',
    'empty.yaml': '# later\n',
    '.#a.yaml': '{',
  }
  symlinkSync('nowhere', join(directory, '.link.yaml'))
  expect(usable(await load(files, directory)).settings.schedules).toEqual([])
})

test('relative paths start at the file that they are written in', async () => {
  const directory = temporaryDirectory()
  const { settings } = usable(
    await load(
      {
        'schedules.yaml': main,
        'conf.d/a.yaml':
          'tasks:\n  shared: { shell: x, cwd: ./run, timeout: 1s }\n  other: { shell: y, timeout: 1s }\n',
      },
      directory,
    ),
  )
  expect(settings.tasks.map(({ cwd }) => cwd)).toEqual([
    join(directory, 'conf.d/run'),
    join(directory, 'conf.d'),
  ])
})

test('who else may write an included file is warned of', async () => {
  const directory = temporaryDirectory()
  const files = { 'schedules.yaml': main, 'conf.d/a.yaml': 'tasks: { shared: { shell: x, timeout: 1s } }\n' }
  await load(files, directory)
  chmodSync(join(directory, 'conf.d/a.yaml'), 0o666)
  const { warnings } = usable(await load(files, directory))
  expect(warnings.map(renderProblem).map(firstLine)).toEqual([
    'conf.d/a.yaml:1:1: everybody may write this file (mode 0666), and so decide what runs',
  ])
})

test('a large included file is read in pieces as the main file is, with the same answers', async () => {
  const lines = Array.from(
    { length: 6_000 },
    (_, n) => `  entry-${n}: { cron: "${n % 60} 4 * * *", task: shared }`,
  )
  const file = (last: string): string => `schedules:\n${lines.join('\n')}\n${last}\n`
  const tasks = 'tasks: { shared: { shell: x, timeout: 1s } }'
  const { settings } = usable(await load({ 'schedules.yaml': main, 'conf.d/a.yaml': file(tasks) }))
  expect(settings.schedules).toHaveLength(6_001)
  expect(
    await complaintsOf({
      'schedules.yaml': main,
      'conf.d/a.yaml': file('  own: { every: 5, task: shared }'),
    }),
  ).toEqual(
    [
      'conf.d/a.yaml:6002:3: schedules.own: the same key is in schedules.yaml:4 already',
      expect.stringMatching(/^conf\.d\/a\.yaml:6002:|^schedules\.yaml:4/),
    ].slice(0, 1),
  )
})

test('more than 1,000 files are a mistaken pattern, however many there are', async () => {
  const files = Array.from({ length: 1_002 }, (_, number) => [`conf.d/${number}.yaml`, ''])
  expect(await complaintsOf({ 'schedules.yaml': main, ...Object.fromEntries(files) })).toEqual([
    'schedules.yaml: include: names more than 1,000 files',
  ])
})

test('a directory whose name reads like a pattern is that directory', async () => {
  const cwd = join(temporaryDirectory(), 'a [b] {c}')
  const files = { 'schedules.yaml': main, 'conf.d/a.yaml': 'tasks: { shared: { shell: a } }\n' }
  expect(usable(await load(files, cwd)).settings.tasks.map(({ name }) => name)).toEqual(['shared'])
  const loaded = await load({ 'schedules.yaml': main.replace('conf.d/*.yaml', 'gone.yaml') }, cwd)
  expect('problems' in loaded && loaded.problems.map(renderProblem).map(firstLine)).toContain(
    'schedules.yaml:2:10: include: gone.yaml: no such file',
  )
})
