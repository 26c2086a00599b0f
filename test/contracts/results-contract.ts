import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Broker } from '../../src/broker/broker.ts'
import type { RunDesk } from '../../src/broker/results.ts'
import { defineTask } from '../../src/index.ts'
import type { PrintedLine, PrintedPart } from '../../src/task/printed.ts'
import type { KeptResult, RunResult, RunState } from '../../src/task/run-result.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { expectTook } from '../support/expect-took.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage, soon } from '../support/messages.ts'
import { aModuleTask, registryOf } from '../support/tasks.ts'
import { openWorkerWorld } from '../support/worker-world.ts'
import type { BrokerWorld } from './broker-world.ts'

/** What every broker promises to those who send. */
export function resultsContract(adapter: string, openWorld: () => Promise<BrokerWorld>): void {
  const patience = (): AbortSignal => AbortSignal.timeout(10_000)
  const kept = (result: RunResult): KeptResult => ({ result, forgetAt: soon(60_000) })
  const eight: RunResult = { outcome: 'succeeded', value: 8 }
  const tooBad: RunResult = { outcome: 'failed', error: { name: 'RangeError', message: 'too bad' } }
  const open = async (): Promise<{ client: Broker; worker: TestWorker; world: BrokerWorld }> => {
    const world = await openWorld()
    const worker = new TestWorker(await world.connect())
    return { world, worker, client: await world.connect() }
  }
  const send = async ({ results }: Broker, change: Partial<TaskMessage> = {}): Promise<string> => {
    const message = aMessage(change)
    await results.send([message])
    return message.id
  }

  describe(`${adapter}: results`, () => {
    test('whoever waits is told at once how the run ended', async () => {
      const { client, worker } = await open()
      await client.results.ready(patience())
      const good = await send(client)
      const waiting = client.results.wait(good, patience())
      await (await worker.inbox.next()).settle({ kind: 'ack' }, kept(eight))
      const settled = performance.now()
      expect(await waiting).toEqual(eight)
      expectTook(performance.now() - settled, 500)
      const bad = await send(client)
      await (await worker.inbox.next()).settle({ kind: 'deadLetter', reason: 'too bad' }, kept(tooBad))
      expect(await client.results.wait(bad, patience())).toEqual(tooBad)
    })

    test('a result is told whole, whatever the value', async () => {
      const { client, worker } = await open()
      for (const value of [
        undefined,
        null,
        0,
        '',
        [1, { ä: ['\u2028'] }],
        2 ** 70,
        { __type__: 'x', __value__: 1 },
      ]) {
        const id = await send(client)
        const result: RunResult = { outcome: 'succeeded', ...(value === undefined ? {} : { value }) }
        await (await worker.inbox.next()).settle({ kind: 'ack' }, kept(result))
        expect(await client.results.wait(id, patience())).toEqual(result)
      }
    })

    test('that what a task returned could not be kept is told, with the reason', async () => {
      const { client, worker } = await open()
      const id = await send(client)
      const result: RunResult = { outcome: 'succeeded', dropped: 'its result is not JSON' }
      await (await worker.inbox.next()).settle({ kind: 'ack' }, kept(result))
      expect(await client.results.wait(id, patience())).toEqual(result)
      expect(await client.results.status(id)).toEqual({ state: 'ended', result })
    })

    test('of an attempt that another follows nothing is told', async () => {
      const { client, worker } = await open()
      const id = await send(client)
      const waiting = client.results.wait(id, patience())
      await (await worker.inbox.next()).settle({ kind: 'retry', at: soon(20) })
      await (await worker.inbox.next()).settle({ kind: 'release', at: soon(20) })
      await (await worker.inbox.next()).settle({ kind: 'ack' }, kept(eight))
      expect(await waiting).toEqual(eight)
    })

    test('a result can be waited for twice, and after it has come', async () => {
      const { client, worker } = await open()
      const id = await send(client)
      const both = [client.results.wait(id, patience()), client.results.wait(id, patience())]
      await (await worker.inbox.next()).settle({ kind: 'ack' }, kept(eight))
      expect(await Promise.all(both)).toEqual([eight, eight])
      expect(await client.results.wait(id, patience())).toEqual(eight)
    })

    test('another process may wait, before the end and after it', async () => {
      const { client, worker, world } = await open()
      const other = await world.connect()
      const id = await send(client)
      const delivery = await worker.inbox.next()
      const waiting = other.results.wait(id, patience())
      await worker.end(delivery.message, eight)
      await delivery.settle({ kind: 'ack' }, kept(eight))
      expect(await waiting).toEqual(eight)
      expect(await (await world.connect()).results.wait(id, patience())).toEqual(eight)
    })

    test('nobody waits for longer than he wants', async () => {
      const { client } = await open()
      const id = await send(client)
      const reason = new Error('enough')
      const waiting = client.results.wait(id, AbortSignal.abort(reason))
      await expect(waiting).rejects.toBe(reason)
    })

    test('closing tells whoever still waits', async () => {
      const { client } = await open()
      const waiting = client.results.wait(await send(client), patience())
      const told = expect(waiting).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
      await client.close()
      await told
    })

    test('the state of a run is seen from outside', async () => {
      const { client, worker } = await open()
      const id = await send(client, { eta: soon(300) })
      expect(await client.results.status(id)).toEqual({ state: 'waiting' })
      const delivery = await worker.inbox.next()
      worker.states.set(id, { state: 'running' })
      expect(await client.results.status(id)).toEqual({ state: 'running' })
      await worker.end(delivery.message, eight)
      await delivery.settle({ kind: 'ack' }, kept(eight))
      expect(await client.results.status(id)).toEqual({ state: 'ended', result: eight })
      expect(await client.results.status('nobody knows me')).toEqual({ state: 'unknown' })
    })
  })

  describe(`${adapter}: what a run prints`, () => {
    const line = (text: string): PrintedLine => ({ stream: 'stdout', line: text, cut: false })
    const follow = async ({ results }: Broker): Promise<{ id: string; parts: PrintedPart[] }> => {
      const parts: PrintedPart[] = []
      const message = aMessage()
      await results.send([message], (part) => parts.push(part))
      return { id: message.id, parts }
    }
    const linesOf = (parts: readonly PrintedPart[]): readonly PrintedLine[] =>
      parts.flatMap(({ lines }) => lines)

    test('is told while it executes, and all of it before the result', async () => {
      const { client, worker } = await open()
      const { id, parts } = await follow(client)
      const waiting = client.results.wait(id, patience())
      const delivery = await worker.inbox.next()
      delivery.listener?.line(line('one'))
      await expect.poll(() => linesOf(parts)).toEqual([line('one')])
      const others: PrintedLine[] = [
        { stream: 'stderr', line: 'ä\u001b[2J', cut: true },
        { stream: 'stderr', line: '', cut: false },
      ]
      for (const other of others) delivery.listener?.line(other)
      delivery.listener?.omitted(7)
      delivery.listener?.ended()
      await delivery.settle({ kind: 'ack' }, kept(eight))
      expect(await waiting).toEqual(eight)
      expect(linesOf(parts)).toEqual([line('one'), ...others])
      expect(parts.map(({ omitted }) => omitted).reduce((sum, lines) => sum + lines)).toBe(7)
      expect(parts.map(({ end }) => end)).toEqual([...parts.slice(1).map(() => false), true])
    })

    test('is told of each attempt under its number', async () => {
      const { client, worker } = await open()
      const { id, parts } = await follow(client)
      const first = await worker.inbox.next()
      first.listener?.line(line('one'))
      first.listener?.ended()
      await first.settle({ kind: 'retry', at: soon(20) })
      const second = await worker.inbox.next()
      second.listener?.line(line('two'))
      second.listener?.line(line('three'))
      second.listener?.ended()
      await second.settle({ kind: 'ack' }, kept(eight))
      expect(await client.results.wait(id, patience())).toEqual(eight)
      expect(parts.filter(({ attempt }) => attempt === 1)).toEqual([
        { attempt: 1, from: 0, lines: [line('one')], omitted: 0, end: true },
      ])
      expect(linesOf(parts.filter(({ attempt }) => attempt === 2))).toEqual([line('two'), line('three')])
    })

    test('is told to nobody who has not asked for it', async () => {
      const { client, worker } = await open()
      await send(client)
      expect((await worker.inbox.next()).listener).toBeUndefined()
      await client.publish([aMessage()])
      expect((await worker.inbox.next()).listener).toBeUndefined()
    })

    test('is told as far as there is room, and what is left out is counted', async () => {
      const { client, worker } = await open()
      const { id, parts } = await follow(client)
      const delivery = await worker.inbox.next()
      const long = line('x'.repeat(10_000))
      for (let n = 0; n < 1_000; n++) delivery.listener?.line(long)
      delivery.listener?.ended()
      await delivery.settle({ kind: 'ack' }, kept(eight))
      await client.results.wait(id, patience())
      const told = linesOf(parts).length
      expect(told).toBeGreaterThan(100)
      expect(told + parts.reduce((sum, { omitted }) => sum + omitted, 0)).toBe(1_000)
    })

    test('holds up nothing when whoever asked for it is gone', async () => {
      const { client, worker, world } = await open()
      const { id } = await follow(client)
      const delivery = await worker.inbox.next()
      await client.close()
      delivery.listener?.line(line('one'))
      delivery.listener?.ended()
      await worker.end(delivery.message, eight)
      await delivery.settle({ kind: 'ack' }, kept(eight))
      expect(await (await world.connect()).results.wait(id, patience())).toEqual(eight)
    })
  })

  describe(`${adapter}: cancelling`, () => {
    test('what waits for its time never starts, and whoever waits for it is told at once', async () => {
      const { client, worker } = await open()
      await client.results.ready(patience())
      const id = await send(client, { eta: soon(30_000) })
      const waiting = client.results.wait(id, patience())
      expect(await client.results.cancel(id, { abort: false })).toBe('dropped')
      expect(await waiting).toMatchObject({ outcome: 'revoked' })
      const { message, veto } = await worker.inbox.next()
      expect(message.id).toBe(id)
      expect(veto).toMatchObject({ kind: 'revoked' })
    })

    test('what waits for a slot never starts, and whoever waits for it is told although none is free', async () => {
      const { client, worker } = await open()
      await send(client)
      await send(client)
      const [first] = await worker.inbox.take(2) // all slots
      const id = await send(client)
      const waiting = client.results.wait(id, patience())
      expect(await client.results.cancel(id, { abort: false })).toBe('dropped')
      expect(await waiting).toMatchObject({ outcome: 'revoked' })
      await first?.settle({ kind: 'ack' }, kept(eight))
      expect((await worker.inbox.next()).veto).toMatchObject({ kind: 'revoked' })
    })

    test('what runs goes on, and is told to end where that is asked for', async () => {
      const { client, worker } = await open()
      const id = await send(client)
      const delivery = await worker.inbox.next()
      worker.states.set(id, { state: 'running' })
      expect(await client.results.cancel(id, { abort: false })).toBe('running')
      expect(worker.aborted).toEqual([])
      expect(await client.results.cancel(id, { abort: true })).toBe('aborted')
      await expect.poll(() => worker.aborted).toContain(id)
      await worker.end(delivery.message, tooBad)
      await delivery.settle({ kind: 'ack' }, kept(tooBad))
      expect(await client.results.wait(id, patience())).toEqual(tooBad)
      expect(await client.results.cancel(id, { abort: true })).toBe('ended')
    })

    test('what failed and was cancelled while it ran does not come again', async () => {
      const { client, worker } = await open()
      const id = await send(client)
      const delivery = await worker.inbox.next()
      worker.states.set(id, { state: 'running' })
      await client.results.cancel(id, { abort: true })
      await delivery.settle({ kind: 'retry', at: soon(10) })
      expect((await worker.inbox.next()).veto).toMatchObject({ kind: 'revoked' })
    })

    test('what runs and is written down nowhere is known, and told to end where that is asked for', async () => {
      const world = await openWorld()
      const untilTold = defineTask('demo', (ctx) => once(ctx.signal, 'abort'))
      const registry = registryOf(aModuleTask(untilTold, { journal: false }))
      const { worker, log } = openWorkerWorld({ registry, broker: await world.connect() })
      await worker.start()
      const client = await world.connect()
      const id = await send(client)
      await log.first('runStarted')
      expect(await client.results.status(id)).toEqual({ state: 'running' })
      expect(await client.results.cancel(id, { abort: false })).toBe('running')
      expect(await client.results.cancel(id, { abort: true })).toBe('aborted')
      expect(await client.results.wait(id, patience())).toMatchObject({ outcome: 'succeeded' })
    })

    test('of what nobody ever sent it is not said that it was dropped', async () => {
      const { client } = await open()
      await send(client) // the workers are there, and answer
      expect(await client.results.cancel('nobody knows me', { abort: true })).toBe('unknown')
    })
  })
}

/** A consumer with two slots, and a journal in its memory. */
class TestWorker {
  readonly inbox = new Inbox()
  readonly states = new Map<string, RunState>()
  readonly aborted: string[] = []

  constructor(broker: Broker) {
    const runs: RunDesk = {
      look: (ids) =>
        new Map(ids.flatMap((id) => (this.states.has(id) ? [[id, this.states.get(id) as RunState]] : []))),
      abort: (id) => {
        if (this.states.get(id)?.state !== 'running') return false
        this.aborted.push(id)
        return true
      },
    }
    const consumer = broker.consume({ queues: ['taskbeat'], slots: 2, deliver: this.inbox.deliver, runs })
    onTestFinished(() => consumer.stop())
  }

  /** As the journal has it before the delivery is settled. */
  async end({ id }: TaskMessage, result: RunResult): Promise<void> {
    this.states.set(id, { state: 'ended', result })
  }
}
