import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { JournaldStreams, toIdentifier } from '../../src/observe/journald-streams.ts'
import { createLog } from '../../src/observe/log.ts'
import { eventually } from '../support/eventually.ts'
import { expectTook } from '../support/expect-took.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const header = (task: string): string => `task:${task}\n\n6\n1\n0\n0\n0\n`

interface Journald {
  readonly path: string
  /** What has come over each connection, in the order of the connections. */
  readonly texts: string[]
  /** Those that are not closed. */
  readonly open: Set<Socket>
}

/** A journald that reads, or one that accepts and never does. */
async function openJournald({ reads = true } = {}): Promise<Journald> {
  const texts: string[] = []
  const journald: Journald = { path: join(temporaryDirectory(), 'stdout'), texts, open: new Set() }
  const server = createServer({ pauseOnConnect: !reads }, (socket) => {
    const index = texts.push('') - 1
    journald.open.add(socket)
    socket.on('error', () => {}) // the other side may do what it likes
    socket.on('close', () => journald.open.delete(socket))
    if (reads)
      socket.setEncoding('utf8').on('data', (chunk) => {
        texts[index] = `${texts[index]}${chunk}`
      })
  })
  server.listen(journald.path)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of journald.open) socket.destroy()
  })
  return journald
}

function openStreams(path: string): {
  streams: JournaldStreams
  instead: string[]
  say: (task: string, text: string) => void
} {
  const streams = new JournaldStreams(path)
  onTestFinished(() => streams.stop())
  const instead: string[] = []
  return { streams, instead, say: (task, text) => streams.write(task, text, () => instead.push(text)) }
}

test('each name has a connection of its own, with its header and its lines, and all is read when it has stopped', async () => {
  const journald = await openJournald()
  const { streams, say, instead } = openStreams(journald.path)
  say('backup', '<6>one\n')
  say('clean', '<3>oh\n')
  say('backup', '<6>two ü\n')
  await streams.stop()
  expect(journald.texts.toSorted()).toEqual([
    `${header('backup')}<6>one\n<6>two ü\n`,
    `${header('clean')}<3>oh\n`,
  ])
  expect(instead).toEqual([])
  say('backup', '<6>after\n')
  expect(instead).toEqual(['<6>after\n'])
})

test('where no socket is, every line is told instead, in its order', async () => {
  const { streams, say, instead } = openStreams(join(temporaryDirectory(), 'nobody'))
  say('backup', '<6>one\n')
  say('backup', '<6>two\n')
  await eventually('both are told', () => instead.length === 2)
  say('clean', '<6>three\n')
  expect(instead).toEqual(['<6>one\n', '<6>two\n', '<6>three\n'])
  await streams.stop()
})

test('a connection that journald has ended is replaced', async () => {
  const journald = await openJournald()
  const { say, instead } = openStreams(journald.path)
  say('backup', '<6>one\n')
  const ended = await eventually(
    'the line has come',
    () => journald.texts[0]?.endsWith('one\n') && [...journald.open][0],
  )
  ended.end()
  await eventually('it is closed', () => journald.open.size === 0)
  say('backup', '<6>two\n')
  await eventually('there is another', () => journald.texts[1] === `${header('backup')}<6>two\n`)
  expect(instead).toEqual([])
})

test('a journald that does not read holds up nothing: what is too much is told instead, and the stop is short', async () => {
  const journald = await openJournald({ reads: false })
  const { streams, say, instead } = openStreams(journald.path)
  const line = `<6>${'x'.repeat(1_000)}\n`
  say('backup', line)
  await eventually('it is connected', () => journald.open.size === 1)
  for (let count = 0; count < 20_000; count++) say('backup', line)
  expect(instead.length).toBeGreaterThan(10_000)
  const toldBefore = instead.length
  const begun = performance.now()
  await streams.stop()
  expectTook(performance.now() - begun, 5_000)
  // What still waited.
  expect(instead.length).toBeGreaterThan(toldBefore)
})

test('of more than 64 names the least lately used is closed', async () => {
  const journald = await openJournald()
  const { say, instead } = openStreams(journald.path)
  for (let task = 0; task < 64; task++) say(`task-${task}`, `<6>${task}\n`)
  await eventually('all are connected', () => journald.open.size === 64)
  say('task-0', '<6>again\n')
  say('one-more', '<6>new\n')
  await eventually('the new one has spoken', () => journald.texts[64]?.endsWith('new\n'))
  await eventually('another is closed', () => journald.open.size === 64)
  say('task-0', '<6>and again\n')
  await eventually('it has come by the same', () =>
    journald.texts.includes(`${header('task-0')}<6>0\n<6>again\n<6>and again\n`),
  )
  say('task-1', '<6>back\n')
  await eventually('the closed one is replaced', () =>
    journald.texts.includes(`${header('task-1')}<6>back\n`),
  )
  expect(instead).toEqual([])
})

test('names that come and go do not heap up connections where journald does not read', async () => {
  const { streams, say, instead } = openStreams((await openJournald({ reads: false })).path)
  for (let task = 0; task < 1_000; task++) say(`task-${task}`, '<6>hello\n')
  expect(instead.length).toBe(1_000 - 128)
  await streams.stop()
})

test('an identifier is a word of at most 200 bytes, whatever the name', () => {
  expect(toIdentifier('etc-backup')).toBe('task:etc-backup')
  expect(toIdentifier('app.tasks:größe@2')).toBe('task:app.tasks:größe@2')
  expect(toIdentifier('a\nb c\u0000\u2028d\u{d800}')).toBe('task:a_b_c__d_')
  const long = toIdentifier('\u6587'.repeat(100))
  expect(Buffer.byteLength(long)).toBe(200)
  expect(long).toBe(`task:${'\u6587'.repeat(65)}`)
})

test('in journald its name does not stand before what a task says, and on the stream of the service it does', async () => {
  const journald = await openJournald()
  const stream = new PassThrough({ encoding: 'utf8' })
  const taskStreams = new JournaldStreams(journald.path)
  const log = createLog({
    level: 'info',
    format: 'journald',
    stream: stream as unknown as NodeJS.WriteStream,
    taskStreams,
  })
  const line = {
    level: 'info',
    message: 'backup: 12 files',
    fields: { stream: 'stdout' },
    said: { by: 'backup', text: '12 files' },
  } as const
  log.write(line)
  log.write({ ...line, level: 'debug' })
  log.write({ level: 'info', message: 'backup succeeded', fields: {} })
  await taskStreams.stop()
  log.write(line)
  expect(journald.texts).toEqual([`${header('backup')}<6>12 files\n`])
  expect(stream.read()).toBe('<6>backup succeeded\n<6>backup: 12 files\n')
})
