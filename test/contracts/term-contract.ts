import { describe, expect, onTestFinished, test } from 'vitest'
import type { Broker } from '../../src/broker/broker.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import type { Candidate, Emission, Term } from '../../src/broker/term.ts'
import { type Cursor, cursorThrough } from '../../src/core/cursor.ts'
import { TermLostError } from '../../src/core/errors.ts'
import { isUuid } from '../../src/core/uuid.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { expectTook } from '../support/expect-took.ts'
import { Inbox } from '../support/inbox.ts'
import { anOccurrence, soon } from '../support/messages.ts'

export interface TermWorld {
  connect(emit?: (event: BrokerEvent) => void): Promise<Broker>
  /** A process that leads `main` and emits one message; resolves once it has. `kill` is SIGKILL. */
  leadInProcess(message: TaskMessage, cursor: Cursor): Promise<{ kill(): Promise<void> }>
  /**
   * Whether the broker itself keeps one message an id and takes out what is revoked. Otherwise the workers see to it:
   * the journal knows the copies, and what is revoked is handed out with a veto.
   */
  readonly keepsOneCopy: boolean
}

/** What leading and emitting promise on every broker. */
export function termContract(adapter: string, openWorld: () => Promise<TermWorld>): void {
  const never = new AbortController().signal
  const candidate = (change: Partial<Candidate> = {}): Candidate => ({
    group: 'main',
    host: 'one',
    pid: 1,
    scheduleHash: 'aaaa',
    ...change,
  })
  const emission = (change: Partial<Emission>): Emission => ({
    messages: [],
    replacements: [],
    revocations: [],
    cursor: cursorThrough(soon(0)),
    ...change,
  })
  const open = async (): Promise<{ world: TermWorld; broker: Broker; term: Term }> => {
    const world = await openWorld()
    const broker = await world.connect()
    return { world, broker, term: await broker.lead(candidate(), never) }
  }
  const receive = async (broker: Broker, count: number): Promise<TaskMessage[]> => {
    const inbox = new Inbox()
    const consumer = broker.consume({ queues: ['taskbeat'], slots: 100, deliver: inbox.deliver })
    onTestFinished(() => consumer.stop())
    const received: TaskMessage[] = []
    while (received.length < count) {
      const { message, veto } = await inbox.next()
      if (!veto) received.push(message)
    }
    return received
  }

  describe(`${adapter}: a term`, () => {
    test('begins without a cursor, with a namespace of its own', async () => {
      const { term } = await open()
      expect(term.cursor).toBeUndefined()
      expect(term.epoch).toBe(1)
      expect(isUuid(term.namespace)).toBe(true)
      expect(term.predecessor).toBeUndefined()
      expect(term.lost.aborted).toBe(false)
    })

    test('emits messages and commits the cursor; its successor begins there, in a later epoch', async () => {
      const { world, term } = await open()
      const cursor = { due: soon(1_000), entry: 'm' }
      const message = anOccurrence('tick', { stamp: term.stamp })
      await term.emit(emission({ messages: [message], cursor }))
      await term.resign()
      const next = await (await world.connect()).lead(candidate({ host: 'two', scheduleHash: 'bbbb' }), never)
      expect(next.cursor).toEqual(cursor)
      expect(next.epoch).toBeGreaterThan(term.epoch)
      expect(next.namespace).toBe(term.namespace)
      expect(next.predecessor).toEqual({ host: 'one', scheduleHash: 'aaaa', knownSince: undefined })
      expect(await receive(await world.connect(), 1)).toEqual([message])
    })

    test('says by which schedule all is emitted, and since when it was known: the former one until another is adopted', async () => {
      const { world, term } = await open()
      await term.resign()
      const second = await (await world.connect()).lead(
        candidate({ host: 'two', scheduleHash: 'bbbb' }),
        never,
      )
      await second.resign()
      const third = await (await world.connect()).lead(
        candidate({ host: 'three', scheduleHash: 'bbbb' }),
        never,
      )
      expect(third.predecessor).toMatchObject({ host: 'two', scheduleHash: 'aaaa' })
      const adopted = { scheduleHash: 'bbbb', knownSince: soon(-60_000) }
      await third.adopt(adopted)
      await third.resign()
      const fourth = await (await world.connect()).lead(candidate({ host: 'four' }), never)
      expect(fourth.predecessor).toEqual({ host: 'three', ...adopted })
      await fourth.resign()
      const fifth = await (await world.connect()).lead(candidate({ host: 'five' }), never)
      expect(fifth.predecessor).toEqual({ host: 'four', ...adopted })
    })

    test('stamps rise within a term and across terms', async () => {
      const { world, term } = await open()
      const first = term.stamp
      await term.emit(emission({}))
      const second = term.stamp
      expect(second).toEqual({ epoch: first.epoch, seq: first.seq + 1 })
      await term.resign()
      const next = await (await world.connect()).lead(candidate(), never)
      expect(next.stamp.epoch).toBeGreaterThan(second.epoch)
    })

    test('one leads, the others wait; a clean stop hands over at once', async () => {
      const { world, term } = await open()
      const durations: number[] = []
      // A machine that others use may hold up one.
      for (let leader = term; durations.length < 3; ) {
        const other = await world.connect()
        let leads = false
        const waiting = other.lead(candidate({ host: 'two' }), never).then((next) => {
          leads = true
          return next
        })
        await leader.emit(emission({}))
        expect(leads).toBe(false)
        const before = performance.now()
        await leader.resign()
        leader = await waiting
        durations.push(performance.now() - before)
      }
      expectTook(Math.min(...durations), 900) // and not when somebody looks by himself
    })

    test('other groups are led apart', async () => {
      const { world, term } = await open()
      const other = await (await world.connect()).lead(candidate({ group: 'second' }), never)
      await other.emit(emission({ cursor: cursorThrough(soon(5_000)) }))
      expect(other.namespace).not.toBe(term.namespace)
      expect(term.lost.aborted).toBe(false)
    })

    test('a candidate that gives up waiting is rejected', async () => {
      const { world } = await open()
      const giveUp = new AbortController()
      const waiting = (await world.connect()).lead(candidate(), giveUp.signal)
      giveUp.abort()
      await expect(waiting).rejects.toBe(giveUp.signal.reason)
    })

    test('after resigning nothing is emitted', async () => {
      const { world, term } = await open()
      await term.resign()
      await term.resign()
      expect(term.lost.aborted).toBe(true)
      await expect(term.emit(emission({ messages: [anOccurrence('tick')] }))).rejects.toThrow(TermLostError)
      const { queues } = await (await world.connect()).status()
      expect(queues.filter(({ ready, scheduled }) => ready + scheduled > 0)).toEqual([])
    })

    test('the death of a leader ends its term; what it emitted and committed stays', async () => {
      const world = await openWorld()
      const message = anOccurrence('tick')
      const cursor = { due: soon(3_000), entry: 'tick' }
      const leader = await world.leadInProcess(message, cursor)
      const broker = await world.connect()
      const waiting = broker.lead(candidate({ host: 'two' }), never)
      await leader.kill()
      const killed = performance.now()
      const term = await waiting
      expectTook(performance.now() - killed, 5_000)
      expect(term.cursor).toEqual(cursor)
      expect((await receive(broker, 1)).map(({ id }) => id)).toEqual([message.id])
    })

    test('an id that is emitted twice is one message', async (context) => {
      const { world, broker, term } = await open()
      context.skip(!world.keepsOneCopy, 'here the journal of the workers tells copies apart')
      const message = anOccurrence('tick', {}, { eta: soon(60_000) })
      await term.emit(emission({ messages: [message] }))
      await term.emit(emission({ messages: [message] }))
      expect((await broker.status()).queues).toMatchObject([{ scheduled: 1 }])
    })

    test('a revocation removes what has not started, and added again it is there', async () => {
      const { world, broker, term } = await open()
      const [kept, gone, back] = ['kept', 'gone', 'back'].map((entry) =>
        anOccurrence(entry, { stamp: term.stamp }, { eta: soon(2_500) }),
      )
      if (!kept || !gone || !back) throw new Error('three were made')
      await term.emit(emission({ messages: [kept, gone, back] }))
      await term.emit(emission({ revocations: [gone, back].map(({ id }) => ({ id, until: soon(60_000) })) }))
      const again = { stamp: term.stamp, due: back.eta }
      const added = anOccurrence('back', again, { ...back, args: ['again'] })
      await term.emit(emission({ messages: [added] }))
      const received = await receive(broker, 2)
      expect(new Set(received.map(({ id }) => id))).toEqual(new Set([kept.id, back.id]))
      expect(received.find(({ id }) => id === back.id)?.args).toEqual(['again'])
      if (world.keepsOneCopy)
        expect((await broker.status()).queues).toMatchObject([{ ready: 0, scheduled: 0 }])
    })

    test('a restart sets the cursor in a new epoch', async () => {
      const { world, term } = await open()
      await term.emit(emission({ cursor: cursorThrough(soon(9_000_000)) }))
      const { epoch } = term
      const cursor = cursorThrough(soon(0))
      await term.restart(cursor)
      expect(term.epoch).toBeGreaterThan(epoch)
      expect(term.cursor).toEqual(cursor)
      await term.emit(emission({ cursor }))
      await term.resign()
      expect((await (await world.connect()).lead(candidate(), never)).cursor).toEqual(cursor)
    })

    test('the status names the leader, and the schedule that it has adopted', async () => {
      const { broker, term } = await open()
      await term.adopt({ scheduleHash: 'cccc', knownSince: soon(0) })
      await term.emit(emission({ cursor: { due: soon(7), entry: 'x' } }))
      expect((await broker.status()).leaders).toMatchObject([
        {
          group: 'main',
          host: 'one',
          pid: 1,
          scheduleHash: 'cccc',
          epoch: 1,
          alive: true,
          cursor: { entry: 'x' },
        },
      ])
    })
  })
}
