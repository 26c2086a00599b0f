import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import { systemClock } from '../../src/core/clock.ts'
import { openSqliteBroker } from '../../src/sqlite/sqlite-broker.ts'
import { EventLog } from '../support/event-log.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage } from '../support/messages.ts'
import { requires } from '../support/requirements.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const options = { clock: systemClock, host: 'here', pid: process.pid, emit: () => {} }

describe('the broker’s file', () => {
  test('is made only by those who may make it', () => {
    const path = join(temporaryDirectory(), 'state', 'broker.db')
    expect(() => openSqliteBroker({ ...options, path, create: false })).toThrow(/does not exist/)
    expect(existsSync(path)).toBe(false)
  })

  test('is open to its group and to nobody else, and so is all that is beside it', async () => {
    const directory = join(temporaryDirectory(), 'state')
    const broker = connectSqlite(join(directory, 'broker.db'))
    broker.consume({ queues: ['taskbeat'], slots: 1, deliver: () => {} })
    await broker.publish([aMessage()])
    const mode = (name: string): string => (statSync(join(directory, name)).mode & 0o7777).toString(8)
    expect(mode('.')).toBe('2770')
    expect(mode('instances')).toBe('2770')
    expect(['broker.db', 'broker.db-wal', 'broker.db-shm', 'broker.db.work'].map(mode)).toEqual(
      Array(4).fill('660'),
    )
  })

  test('is refused and left as it is when it is damaged', () => {
    const path = join(temporaryDirectory(), 'broker.db')
    const damaged = Buffer.from('SQLite format 3\0'.padEnd(4_096, 'garbage '))
    writeFileSync(path, damaged)
    expect(() => openSqliteBroker({ ...options, path, create: true })).toThrow(
      expect.objectContaining({ code: 'STATE_CORRUPT', message: expect.stringContaining(path) }),
    )
    expect(readFileSync(path)).toEqual(damaged)
  })

  test('is refused when it is no database at all', () => {
    const path = join(temporaryDirectory(), 'broker.db')
    writeFileSync(path, 'dear diary\n'.repeat(200))
    const refused = `the broker's database ${path} is no database: it is another file, or was overwritten. It was left`
    expect(() => openSqliteBroker({ ...options, path, create: true })).toThrow(refused)
    expect(readFileSync(path, 'utf8')).toContain('dear diary')
  })

  test('is told to be gone, and not written to, when somebody has removed or replaced it', async () => {
    const path = join(temporaryDirectory(), 'broker.db')
    const log = new EventLog<BrokerEvent>()
    const broker = connectSqlite(path, log.emit)
    broker.consume({ queues: ['taskbeat'], slots: 1, deliver: () => {} })
    await broker.publish([aMessage()])
    const refused = {
      code: 'STATE_UNUSABLE',
      message: `cannot send: the broker's database ${path} was removed or replaced since it was opened: restart what uses it`,
    }
    rmSync(path)
    await expect(broker.publish([aMessage()])).rejects.toMatchObject(refused)
    writeFileSync(path, '')
    await expect(broker.publish([aMessage()])).rejects.toMatchObject(refused)
    expect(await log.first('brokerFailed')).toMatchObject({ error: { code: 'STATE_UNUSABLE' } })
  })

  test('may be empty, for that is how it begins', async () => {
    const path = join(temporaryDirectory(), 'broker.db')
    writeFileSync(path, '')
    await connectSqlite(path).publish([aMessage()])
  })

  test('is refused when it belongs to another program, or to a later version', () => {
    const path = join(temporaryDirectory(), 'broker.db')
    const other = new DatabaseSync(path)
    other.exec('PRAGMA application_id = 42; CREATE TABLE notes (text)')
    other.close()
    expect(() => openSqliteBroker({ ...options, path, create: true })).toThrow(/another program/)
    const later = join(temporaryDirectory(), 'broker.db')
    const broker = connectSqlite(later)
    const raised = new DatabaseSync(later)
    raised.exec('PRAGMA user_version = 99')
    raised.close()
    expect(() => openSqliteBroker({ ...options, path: later, create: true })).toThrow(/format 99/)
    return broker.close()
  })

  test('is refused and left as it is when another program has not said that it is its own', () => {
    const path = join(temporaryDirectory(), 'notes.db')
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE notes (text)')
    other.close()
    const before = readFileSync(path)
    expect(() => openSqliteBroker({ ...options, path, create: false })).toThrow(
      `${path} is not the broker's database, but another program's`,
    )
    expect(readFileSync(path)).toEqual(before)
  })

  test('is refused where something else is in its place', () => {
    const [directory, pipe] = [join(temporaryDirectory(), 'broker.db'), join(temporaryDirectory(), 'pipe')]
    mkdirSync(directory)
    execFileSync('mkfifo', [pipe])
    for (const [path, what] of [
      [directory, 'is a directory'],
      [pipe, 'is no file'],
    ] as const)
      for (const create of [true, false])
        expect(() => openSqliteBroker({ ...options, path, create })).toThrow(
          `cannot open: the broker's database ${path} ${what}`,
        )
  })
})

test('a row that somebody wrote by hand and that cannot be decoded is set aside, and the others pass', async () => {
  const path = join(temporaryDirectory(), 'broker.db')
  const events: BrokerEvent[] = []
  const broker = connectSqlite(path, (event) => events.push(event))
  const bad = {
    noJson: 'not json',
    longId: JSON.stringify({ ...aMessage(), id: 'x'.repeat(256) }),
    proto: JSON.stringify(aMessage()).replace('"kwargs":{}', '"kwargs":{"__proto__":{"admin":true}}'),
    deep: JSON.stringify(aMessage()).replace('"args":[]', `"args":${'['.repeat(5_000)}${']'.repeat(5_000)}`),
    early: JSON.stringify({ ...aMessage(), attempt: 0 }),
    control: JSON.stringify({ ...aMessage(), task: 'a\u001b[31m' }),
  }
  const raw = new DatabaseSync(path)
  const insert = raw.prepare(
    "INSERT INTO messages (id, queue, priority, eta, attempt, body) VALUES (?, 'taskbeat', 9, 0, 1, ?)",
  )
  for (const [name, body] of Object.entries(bad)) insert.run(name, body)
  raw.close()
  const good = aMessage()
  await broker.publish([good])
  const inbox = new Inbox()
  broker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
  expect((await inbox.next()).message.id).toBe(good.id)
  await expect.poll(async () => (await broker.deadLetters.list(99)).length).toBe(6)
  const letters = await broker.deadLetters.list(99)
  expect(new Set(letters.map(({ id }) => id))).toEqual(new Set(Object.keys(bad)))
  expect(letters.find(({ id }) => id === 'noJson')).toMatchObject({
    reason: 'it cannot be decoded: it is no JSON',
    message: undefined,
    raw: 'not json',
  })
  await expect(broker.deadLetters.retry('noJson')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  expect(events.filter(({ kind }) => kind === 'messageUndecodable')).toHaveLength(6)
})

describe('a full disk', () => {
  const smallDisk = (context: TestContext): string => {
    requires(context, process.getuid?.() === 0, 'only root may mount a small disk')
    const path = join(temporaryDirectory(), 'disk')
    mkdirSync(path)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', path])
    onTestFinished(() => {
      execFileSync('umount', ['-l', path])
    })
    return path
  }
  const fill = (path: string): void => {
    try {
      writeFileSync(path, Buffer.alloc(4_000_000))
    } catch {
      // That it does not fit is the point.
    }
  }

  test('fails what is sent with a clear error, loses nothing accepted, and passes when there is room', async (context) => {
    const disk = smallDisk(context)
    const events: BrokerEvent[] = []
    const broker = connectSqlite(join(disk, 'broker.db'), (event) => events.push(event))
    const accepted: string[] = []
    const send = async (): Promise<void> => {
      const message = aMessage({ args: ['x'.repeat(20_000)] })
      await broker.publish([message])
      accepted.push(message.id)
    }
    await send()
    fill(join(disk, 'ballast'))
    await expect(
      (async () => {
        for (;;) await send()
      })(),
    ).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
      message: expect.stringContaining('the disk is full'),
    })
    const inbox = new Inbox()
    broker.consume({ queues: ['taskbeat'], slots: 1_000, deliver: inbox.deliver })
    execFileSync('rm', [join(disk, 'ballast')])
    await send()
    const received = await inbox.take(accepted.length)
    expect(new Set(received.map(({ message }) => message.id))).toEqual(new Set(accepted))
    await Promise.all(received.map((delivery) => delivery.settle({ kind: 'ack' })))
    expect((await broker.status()).queues).toEqual([])
  })

  test('fails a settlement, which may be tried again', async (context) => {
    const disk = smallDisk(context)
    const broker = connectSqlite(join(disk, 'broker.db'))
    await broker.publish([aMessage({ args: ['x'.repeat(100_000)] })])
    const inbox = new Inbox()
    broker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
    const delivery = await inbox.next()
    fill(join(disk, 'ballast'))
    const settle = () => delivery.settle({ kind: 'deadLetter', reason: 'no use' })
    await expect(settle()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    execFileSync('rm', [join(disk, 'ballast')])
    await settle()
    expect(await broker.deadLetters.list(5)).toHaveLength(1)
  })
})
