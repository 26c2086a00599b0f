import { describe, expect, test } from 'vitest'
import { instant } from '../../src/core/instant.ts'
import type { Ending, Journal } from '../../src/journal/journal.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { aMessage, anOccurrence, soon } from '../support/messages.ts'

export interface JournalWorld {
  /** Another connection, as another worker of the same host would have it. */
  open(): Promise<Journal>
  /** A process that claims this message's attempt and holds it. `kill` is SIGKILL. */
  claimInProcess(message: TaskMessage): Promise<{ kill(): Promise<void> }>
}

/** What a journal promises. */
export function journalContract(adapter: string, openWorld: () => Promise<JournalWorld>): void {
  const now = instant(Date.now())
  const ended = (message: TaskMessage, change: Partial<Ending> = {}): Ending => ({
    message,
    outcome: { kind: 'succeeded' },
    verdict: { kind: 'ack' },
    started: now,
    finished: instant(now + 1_500),
    ...change,
  })

  describe(`${adapter}: a journal`, () => {
    test('grants an attempt once; to a living holder it stays', async () => {
      const world = await openWorld()
      const [one, two] = [await world.open(), await world.open()]
      const message = aMessage()
      expect(await one.claim({ message, now })).toEqual({ kind: 'granted', interruptions: 0, begun: false })
      expect((await one.claim({ message, now })).kind).toBe('running')
      expect((await two.claim({ message, now, takeOver: true })).kind).toBe('running')
    })

    test('answers for a finished attempt with the verdict that was recorded', async () => {
      const world = await openWorld()
      const journal = await world.open()
      const message = aMessage()
      const verdict = { kind: 'retry', at: soon(5_000) } as const
      await journal.claim({ message, now })
      await journal.record(
        ended(message, { outcome: { kind: 'failed', reason: 'exit code 3', exitCode: 3 }, verdict }),
      )
      const other = await world.open()
      expect(await other.claim({ message, now })).toEqual({ kind: 'finished', verdict })
      expect(await other.claim({ message: { ...message, attempt: 2 }, now })).toEqual({
        kind: 'granted',
        interruptions: 0,
        begun: false,
      })
      expect(await other.claim({ message, now })).toEqual({ kind: 'stale' })
    })

    test('says what a dead worker left to be told of, behind however much of the living', async () => {
      const world = await openWorld()
      const [living, dying] = [await world.open(), await world.open()]
      await Promise.all(
        Array.from({ length: 120 }, () => living.claim({ message: aMessage(), now, once: true })),
      )
      const message = aMessage()
      await dying.claim({ message, now, once: true })
      expect([...living.untold()]).toEqual([])
      await dying.close()
      expect([...living.untold()]).toMatchObject([{ message: { id: message.id } }])
    })

    test('says what dead workers left to be told of, but for the failures of tasks that are held up', async () => {
      const world = await openWorld()
      const [journal, ...dying] = [await world.open(), await world.open(), await world.open()]
      const outcome = { kind: 'failed', reason: 'exit code 3' } as const
      for (const [n, dead] of dying.entries()) {
        for (const task of ['away', 'there']) {
          await dead.claim({ message: aMessage({ id: `${task} ${n} runs`, task }), now, once: true })
          const message = aMessage({ id: `${task} ${n} failed`, task })
          await dead.record(ended(message, { outcome, untold: true }))
        }
        await dead.close()
      }
      const heldUp = new Set<string>()
      const ids: string[] = []
      for (const { message } of journal.untold((task) => heldUp.has(task))) {
        ids.push(message.id)
        if (message.task === 'away') heldUp.add('away')
      }
      expect(ids.toSorted()).toEqual([
        'away 0 runs',
        'away 1 runs',
        'there 0 failed',
        'there 0 runs',
        'there 1 failed',
        'there 1 runs',
      ])
    })

    test('finds a run by its whole id, also where another id begins with it', async () => {
      const journal = await (await openWorld()).open()
      for (const id of ['order-1', 'order-12']) await journal.claim({ message: aMessage({ id }), now })
      expect(journal.attempts('order-1')).toMatchObject([{ id: 'order-1' }])
      expect(() => journal.attempts('order')).toThrow('more than one run begins with order')
    })

    test('what was given back may be claimed again', async () => {
      const journal = await (await openWorld()).open()
      const message = aMessage()
      await journal.claim({ message, now })
      await journal.record(
        ended(message, {
          outcome: { kind: 'interrupted', reason: 'the worker stops' },
          verdict: { kind: 'release' },
        }),
      )
      expect(await journal.claim({ message, now })).toEqual({
        kind: 'granted',
        interruptions: 0,
        begun: true,
      })
    })

    test('what was revoked may be claimed again: the entry may come back', async () => {
      const journal = await (await openWorld()).open()
      const message = anOccurrence('tick')
      await journal.record(
        ended(message, { outcome: { kind: 'revoked', reason: 'removed' }, started: undefined }),
      )
      expect((await journal.claim({ message, now })).kind).toBe('granted')
    })

    test('the claim of a dead worker is abandoned until it is taken over, and each death is counted', async () => {
      const world = await openWorld()
      const message = aMessage()
      const worker = await world.claimInProcess(message)
      const journal = await world.open()
      expect((await journal.claim({ message, now })).kind).toBe('running')
      await worker.kill()
      expect((await journal.claim({ message, now })).kind).toBe('abandoned')
      expect(await journal.claim({ message, now, takeOver: true })).toEqual({
        kind: 'granted',
        interruptions: 1,
        begun: true,
      })
      expect((await journal.claim({ message, now, takeOver: true })).kind).toBe('running')
    })

    test('of what starts again after the death of its worker each start is kept', async () => {
      const world = await openWorld()
      const message = aMessage()
      const worker = await world.claimInProcess(message)
      await worker.kill()
      const journal = await world.open()
      const [before] = journal.attempts(message.id)
      await journal.claim({ message, now, takeOver: true })
      await journal.record(ended(message))
      expect(journal.attempts(message.id)).toMatchObject([
        {
          attempt: 1,
          started: now,
          interruptions: 1,
          earlier: [{ started: before?.started, finished: undefined, pid: before?.pid, host: before?.host }],
        },
      ])
      expect(journal.runs({ limit: 1 })).toMatchObject([{ started: before?.started, attempts: 1 }])
    })

    test('what a dead worker had begun has a start, though it ended without starting again', async () => {
      const world = await openWorld()
      const message = aMessage()
      const worker = await world.claimInProcess(message)
      await worker.kill()
      const journal = await world.open()
      await journal.claim({ message, now, takeOver: true })
      const outcome = { kind: 'failed', reason: 'interrupted 3 times', permanent: true } as const
      await journal.record(ended(message, { outcome, started: undefined }))
      expect(journal.runs({ limit: 1 })).toMatchObject([
        { outcome: 'failed', started: expect.any(Number), attempts: 1 },
      ])
    })

    test('what was claimed and then did not start has no start', async () => {
      const journal = await (await openWorld()).open()
      const message = anOccurrence('tick')
      await journal.claim({ message, now })
      await journal.record(
        ended(message, { outcome: { kind: 'expired', at: now, reason: 'too late' }, started: undefined }),
      )
      expect(journal.runs({ limit: 1 })).toMatchObject([{ outcome: 'expired', started: undefined }])
    })

    test('what never started is recorded too, and is not granted later', async () => {
      const journal = await (await openWorld()).open()
      const message = anOccurrence('tick')
      await journal.record(
        ended(message, { outcome: { kind: 'skipped', reason: 'another run executes' }, started: undefined }),
      )
      expect((await journal.claim({ message, now })).kind).toBe('finished')
      expect(journal.runs({ limit: 5 })).toMatchObject([
        {
          id: message.id,
          entry: 'tick',
          outcome: 'skipped',
          reason: 'another run executes',
          started: undefined,
        },
      ])
    })
  })

  describe(`${adapter}: a journal tells of`, () => {
    test('runs, the newest first, of one entry or one task', async () => {
      const journal = await (await openWorld()).open()
      const messages = [anOccurrence('a'), anOccurrence('b', {}, { task: 'mail' }), anOccurrence('a')]
      for (const message of messages) {
        await journal.claim({ message, now })
        await journal.record(ended(message))
      }
      const ids = (query: Parameters<Journal['runs']>[0]): string[] => journal.runs(query).map(({ id }) => id)
      const [first, second, third] = messages.map(({ id }) => id)
      expect(ids({ limit: 10 })).toEqual([third, second, first])
      expect(ids({ limit: 10, entry: 'a' })).toEqual([third, first])
      expect(ids({ limit: 1, entry: 'a' })).toEqual([third])
      expect(ids({ limit: 10, task: 'mail' })).toEqual([second])
      expect(ids({ limit: 10, task: 'mail', entry: 'a' })).toEqual([])
    })

    test('a run as its attempts together, and each attempt with its output', async () => {
      const journal = await (await openWorld()).open()
      const message = anOccurrence('tick')
      const output = { head: 'begins\n', tail: 'ends\n', omittedBytes: 42 }
      await journal.claim({ message, now })
      const outcome = { kind: 'failed', reason: 'exit code 3', exitCode: 3, output } as const
      await journal.record(ended(message, { outcome, verdict: { kind: 'retry', at: soon(1) } }))
      expect(journal.runs({ limit: 1 })).toMatchObject([
        { outcome: 'waiting', attempts: 1, finished: undefined },
      ])
      const second = { ...message, attempt: 2 }
      await journal.claim({ message: second, now: instant(now + 2_000) })
      expect(journal.runs({ limit: 1 })).toMatchObject([{ outcome: 'running', attempts: 2, started: now }])
      await journal.record(ended(second, { finished: instant(now + 3_000) }))
      expect(journal.runs({ limit: 1 })).toMatchObject([
        { outcome: 'succeeded', attempts: 2, started: now, finished: now + 3_000 },
      ])
      expect(journal.attempts(message.id.slice(0, 8))).toMatchObject([
        { attempt: 1, outcome: 'failed', exitCode: 3, reason: 'exit code 3', output, verdict: 'retry' },
        { attempt: 2, outcome: 'succeeded', output: undefined },
      ])
    })

    test('the exit code by which a command asked to be tried again', async () => {
      const journal = await (await openWorld()).open()
      const message = aMessage()
      const outcome = { kind: 'retryAsked', reason: 'exit code 75', exitCode: 75 } as const
      await journal.record(ended(message, { outcome }))
      expect(journal.attempts(message.id)).toMatchObject([{ outcome: 'retryAsked', exitCode: 75 }])
    })

    test('a run whose worker died', async () => {
      const world = await openWorld()
      const message = aMessage()
      const worker = await world.claimInProcess(message)
      await worker.kill()
      expect((await world.open()).runs({ limit: 1 })).toMatchObject([
        { id: message.id, outcome: 'abandoned' },
      ])
    })

    test('nothing when nothing begins so', async () => {
      const journal = await (await openWorld()).open()
      expect(() => journal.attempts('abc')).toThrow('no run begins with abc')
    })
  })

  describe(`${adapter}: pruning a journal`, () => {
    const day = 86_400_000

    test('keeps what a copy may still ask for, and forgets it later', async () => {
      const journal = await (await openWorld()).open()
      const message = aMessage()
      await journal.claim({ message, now })
      await journal.record(ended(message))
      await journal.prune(instant(now + 6 * day))
      expect(journal.runs({ limit: 1 })).toHaveLength(1)
      await journal.prune(instant(now + 31 * day))
      expect(journal.runs({ limit: 1 })).toEqual([])
    })

    test('keeps the last 1,000 of a task, and always the last three of an entry', async () => {
      const journal = await (await openWorld()).open()
      const occurrences = Array.from({ length: 4 }, () => anOccurrence('yearly', {}, { task: 'report' }))
      const many = Array.from({ length: 1_010 }, () => aMessage({ task: 'report' }))
      await Promise.all([...occurrences, ...many].map((message) => journal.record(ended(message))))
      await journal.prune(instant(now + 8 * day))
      expect(journal.runs({ limit: 2_000, entry: 'yearly' })).toHaveLength(3)
      expect(journal.runs({ limit: 2_000 })).toHaveLength(1_003)
      await journal.prune(instant(now + 40 * day))
      expect(journal.runs({ limit: 2_000 }).map(({ entry }) => entry)).toEqual(['yearly', 'yearly', 'yearly'])
    })

    test('beyond the last 1,000 of a task clears the output at once, and still answers for the attempt', async () => {
      const journal = await (await openWorld()).open()
      const output = { head: 'x'.repeat(1_000), tail: 'y', omittedBytes: 7 }
      const many = Array.from({ length: 1_200 }, () => aMessage({ task: 'report' }))
      for (const message of many) {
        void journal.record(ended(message, { outcome: { kind: 'succeeded', output } }))
      }
      const [first, last] = [many[0] as TaskMessage, many.at(-1) as TaskMessage]
      await journal.record(ended(last, { outcome: { kind: 'succeeded', output } }))
      await journal.prune(now)
      const outputs = many.map(({ id }) => journal.attempts(id)[0]?.output)
      expect(outputs.filter((each) => each?.head !== '')).toHaveLength(1_000)
      expect(journal.attempts(last.id)[0]?.output).toEqual(output)
      expect(journal.attempts(first.id)[0]).toMatchObject({
        outcome: 'succeeded',
        output: { head: '', tail: '', omittedBytes: 1_008 },
      })
      expect((await journal.claim({ message: first, now })).kind).toBe('finished')
    })

    test('keeps what is still to be told, with its output, until it is told', async () => {
      const journal = await (await openWorld()).open()
      const output = { head: 'disk full', tail: '', omittedBytes: 0 }
      const outcome = { kind: 'failed', reason: 'exit code 3', output } as const
      const failures = Array.from({ length: 3 }, () => aMessage({ task: 'report' }))
      const newer = Array.from({ length: 1_002 }, () => aMessage({ task: 'report' }))
      for (const message of failures) void journal.record(ended(message, { outcome, untold: true }))
      await Promise.all(newer.map((message) => journal.record(ended(message))))
      expect(await journal.prune(instant(now + 29 * day))).toEqual({ givenUp: 0 })
      for (const { id } of failures) expect(journal.attempts(id)).toMatchObject([{ output }])
      expect(journal.runs({ limit: 2_000 })).toHaveLength(1_003)
      await Promise.all(failures.map(({ id }) => journal.told(id, 1)))
      await journal.prune(instant(now + 40 * day))
      expect(journal.runs({ limit: 2_000 })).toEqual([])
    })

    test('gives up what could not be told for 30 days, or when 10,000 newer ones wait', async () => {
      const journal = await (await openWorld()).open()
      const outcome = { kind: 'failed', reason: 'exit code 3' } as const
      const failures = Array.from({ length: 10_002 }, () => aMessage({ task: 'report' }))
      await Promise.all(failures.map((message) => journal.record(ended(message, { outcome, untold: true }))))
      expect(await journal.prune(now)).toEqual({ givenUp: 2 })
      expect(await journal.prune(instant(now + 29 * day))).toEqual({ givenUp: 0 })
      expect(await journal.prune(instant(now + 31 * day))).toEqual({ givenUp: 10_000 })
      await journal.prune(instant(now + 31 * day))
      expect(journal.runs({ limit: 2_000 })).toEqual([])
    })

    test('keeps a result for its time, however many runs follow', async () => {
      const journal = await (await openWorld()).open()
      const message = aMessage({ task: 'report', expires: instant(now + 1_000) })
      const result = { result: { outcome: 'succeeded' }, forgetAt: instant(now + 40 * day) } as const
      const newer = Array.from({ length: 1_005 }, () => aMessage({ task: 'report' }))
      void journal.record(ended(message, { result }))
      await Promise.all(newer.map((each) => journal.record(ended(each))))
      await journal.prune(instant(now + 39 * day))
      expect(journal.states([message.id]).get(message.id)).toEqual({ state: 'ended', result: result.result })
      await journal.prune(instant(now + 41 * day))
      expect(journal.runs({ limit: 2_000 })).toEqual([])
    })

    test('ends early when it is told to, and when the journal is closed', async () => {
      const journal = await (await openWorld()).open()
      const many = Array.from({ length: 1_200 }, () => aMessage({ task: 'report' }))
      await Promise.all(many.map((message) => journal.record(ended(message))))
      await journal.prune(instant(now + 40 * day), AbortSignal.abort())
      expect(journal.runs({ limit: 2_000 })).toHaveLength(1_200)
      const pruning = journal.prune(instant(now + 40 * day))
      await journal.close()
      await pruning
    })
  })
}
