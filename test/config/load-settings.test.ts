import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Loaded, loadSettings } from '../../src/config/load-settings.ts'
import { renderProblem } from '../../src/config/problem.ts'
import { expectTook } from '../support/expect-took.ts'
import { usable } from './read-text.ts'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskbeat-load-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function load(name: string): Promise<Loaded> {
  return loadSettings(name, { role: 'check', env: {}, cwd: directory })
}

async function complaint(name: string): Promise<string> {
  const loaded = await load(name)
  return 'problems' in loaded ? (loaded.problems[0] ? renderProblem(loaded.problems[0]) : '') : 'accepted'
}

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(join(directory, name), content)
  return name
}

describe('whatever the file is, the answer is a clear problem, at once', () => {
  it('missing', async () => {
    expect(await complaint('none.yaml')).toBe('none.yaml: no such file')
    write('plain', '')
    expect(await complaint('plain/none.yaml')).toBe(
      'plain/none.yaml: no such file: a part of its path is not a directory',
    )
  })

  it('a directory', async () => {
    mkdirSync(join(directory, 'folder'))
    expect(await complaint('folder')).toBe('folder: expected a file, got a directory')
  })

  it('a FIFO that nobody writes to', async () => {
    execFileSync('mkfifo', [join(directory, 'fifo')])
    expect(await complaint('fifo')).toBe('fifo: expected a file, got a FIFO')
  })

  it('a device', async () => {
    expect(await complaint('/dev/zero')).toBe('/dev/zero: expected a file, got a device or a socket')
  })

  it('a socket', async () => {
    const server = createServer().listen(join(directory, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    expect(await complaint('socket')).toBe('socket: expected a file, got a device or a socket')
    server.close()
  })

  it('a link in a circle', async () => {
    symlinkSync('circle', join(directory, 'circle'))
    expect(await complaint('circle')).toBe('circle: no such file: its symbolic links go in a circle')
  })

  it.skipIf(process.getuid?.() === 0)('unreadable', async () => {
    chmodSync(join(directory, write('secret.yaml', 'schedules: {}')), 0)
    expect(await complaint('secret.yaml')).toBe('secret.yaml: permission denied: this user may not read it')
  })

  it('not UTF-8, with the byte and the line', async () => {
    const bytes = Buffer.concat([Buffer.from('schedules: {}\n# caf'), Buffer.from([0xe9]), Buffer.from('\n')])
    expect(await complaint(write('latin1.yaml', bytes))).toBe(
      'latin1.yaml: the file is not UTF-8: byte 20, on line 2',
    )
    expect(await complaint(write('cut.yaml', Buffer.from('a: é').subarray(0, 4)))).toBe(
      'cut.yaml: the file is not UTF-8: byte 4, on line 1',
    )
  })

  it('larger than it may be', async () => {
    truncateSync(join(directory, write('huge.yaml', '')), 33 * 1024 * 1024)
    expect(await complaint('huge.yaml')).toBe('huge.yaml: the file is larger than 32 MiB')
  })

  it('cut off anywhere, it is accepted or refused but never thrown over', async () => {
    const whole =
      'schedules:\n  a: { cron: "0 2 * * *", command: [x, \'y\'] }\n  b:\n    every: 1m\n    shell: |\n      z\n'
    for (let length = 0; length < whole.length; length++) {
      const loaded = await load(write('part.yaml', whole.slice(0, length)))
      if ('problems' in loaded) expect(loaded.problems.length).toBeGreaterThan(0)
    }
  })
})

it('a byte order mark is no part of the text', async () => {
  const loaded = await load(write('bom.yaml', '\ufeffschedules: { a: { every: 1 } }'))
  expect(loaded).toHaveProperty('problems.0.column', 17)
})

it('paths start at the file, wherever it was named from', async () => {
  mkdirSync(join(directory, 'sub'))
  const loaded = await load(write('sub/s.yaml', 'schedules: {}\nworker: { modules: [a.ts] }'))
  const { settings } = usable(loaded)
  expect(settings.file).toBe(join(directory, 'sub/s.yaml'))
  expect(settings.worker.modules).toEqual([join(directory, 'sub/a.ts')])
})

describe('a large file is read in pieces in a thread', () => {
  const count = 6_000
  const lines = Array.from(
    { length: count },
    (_, n) => `  entry-${n}: { cron: "${n % 60} ${n % 24} * * *", task: t, args: [${n}] }`,
  )
  const head = 'timezone: UTC\nschedules: # the entries\n\n  # first\n'
  const tail = 'tasks: { t: { command: [x], stdin: json, timeout: 1s } }\n'
  const file = (changed: Record<number, string> = {}) =>
    `${head}${lines.map((line, n) => changed[n] ?? line).join('\n')}\n${tail}`

  it('gives what it would give in one piece, within seconds', async () => {
    const started = performance.now()
    const { settings } = usable(await load(write('large.yaml', file())))
    expectTook(performance.now() - started, 10_000)
    expect(settings.schedules).toHaveLength(count)
    expect(settings.schedules[2_345]).toMatchObject({
      name: 'entry-2345',
      timings: [{ expression: '5 17 * * *' }],
      args: [2_345],
    })
    expect(settings.tasks.map(({ name }) => name)).toEqual(['t'])
  })

  it.each([
    [
      'a bad rule',
      { 4000: '  bad: { cron: "99 * * * *", task: t }' },
      '4005:16: schedules.bad.cron: expected minute 0–59, got 99',
    ],
    [
      'a name twice, far apart',
      { 5000: '  entry-7: { every: 1m, task: t }' },
      '5005:3: schedules.entry-7: the same key is on line 12 already',
    ],
    ['a quote that does not end', { 3000: '  bad: { cron: "0 * * * *, task: t }' }, '3005:'],
    ['a bracket that does not end', { 3000: '  bad: { every: 1m, task: t' }, '3006:'],
    [
      'an unquoted rule',
      { 3000: '  bad: { cron: */5 * * * *, task: t }' },
      '3005:16: a text that begins with * must be quoted',
    ],
    ['an entry that begins elsewhere', { 3000: ' bad: { every: 1m, task: t }' }, '3005:'],
    ['a list item among entries', { 3000: '  - bad' }, '300'],
    ['a second document', { 3000: '---' }, '3005:'],
  ])('%s is found at its place', async (_, changed, expected) => {
    expect(await complaint(write('wrong.yaml', file(changed)))).toContain(`wrong.yaml:${expected}`)
  })

  it('aliases reach across it', async () => {
    const aliased = file({ 3: '  a: &a { every: 1m, task: t }', 5999: '  z: *a' })
    const { settings } = usable(await load(write('aliased.yaml', aliased)))
    expect(settings.schedules.at(-1)).toMatchObject({ name: 'z', timings: [{ period: 60_000 }] })
  })

  it('texts of many lines stay whole', async () => {
    const scripts = Array.from({ length: 3_000 }, (_, n) =>
      [
        `  s${n}:`,
        '    every: 1h',
        '    shell: |',
        '',
        `      echo ${n} &&`,
        '        # not a comment',
        '      true',
        '    # a comment',
        '',
        '# another',
      ].join('\n'),
    )
    const { settings } = usable(await load(write('scripts.yaml', `schedules:\n${scripts.join('\n')}\n`)))
    expect(settings.tasks).toHaveLength(3_000)
    for (const [n, { action }] of settings.tasks.entries())
      expect(action).toEqual({ kind: 'shell', script: `\necho ${n} &&\n  # not a comment\ntrue\n` })
  })
})
