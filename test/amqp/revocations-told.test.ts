import { describe, expect, onTestFinished, test } from 'vitest'
import { RevocationTeller } from '../../src/amqp/amqp-term-revocations.ts'
import { readStored } from '../../src/amqp/revocation-store.ts'
import { type RevocationNotice, readRevocations } from '../../src/amqp/revocations.ts'
import type { Channel, Outgoing, PublishOutcome } from '../../src/amqp/session.ts'
import { revocationQueue } from '../../src/amqp/topology.ts'
import type { Term } from '../../src/broker/term.ts'
import { instant, milliseconds, plus } from '../../src/core/instant.ts'
import { newUuid } from '../../src/core/uuid.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { AmqpTermWorld } from '../support/amqp-term-world.ts'
import { eventually } from '../support/eventually.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Inbox } from '../support/inbox.ts'
import { anOccurrence, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'

const rabbitmq = useRabbitmq()
const never = new AbortController().signal
const lead = async (url: string): Promise<Term> => {
  const term = await connectAmqp(url).lead({ group: 'main', host: 'here', pid: 1, scheduleHash: 'a' }, never)
  onTestFinished(() => term.resign())
  return term
}

/** Emits an occurrence and revokes it again. */
async function emitAndRevoke(term: Term, etaInMs: number): Promise<TaskMessage> {
  const eta = soon(etaInMs)
  const message = anOccurrence('gone', { stamp: term.stamp }, { eta })
  const cursor = { due: eta, entry: 'z' }
  await term.emit({ messages: [message], replacements: [], revocations: [], cursor })
  const revocations = [{ id: message.id, until: plus(eta, milliseconds(60_000)) }]
  await term.emit({ messages: [], replacements: [], revocations, cursor })
  return message
}

/** What a worker that begins now is handed out first. */
async function firstOfNewWorker(url: string): Promise<unknown> {
  const inbox = new Inbox()
  const consumer = connectAmqp(url).consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
  onTestFinished(() => consumer.stop())
  const [first] = await inbox.take(1)
  return { id: first?.message.id, veto: first?.veto?.kind }
}

describe('what is revoked is known', () => {
  test('to a worker that begins to listen afterwards', async () => {
    const url = await rabbitmq.url()
    const { id } = await emitAndRevoke(await lead(url), 700)
    expect(await firstOfNewWorker(url)).toEqual({ id, veto: 'revoked' })
  })

  test('to the next leader, and by it to a worker that neither leader knew', async () => {
    const url = await rabbitmq.url()
    const former = await lead(url)
    const { id } = await emitAndRevoke(former, 2_000)
    await former.resign()
    await lead(url)
    expect(await firstOfNewWorker(url)).toEqual({ id, veto: 'revoked' })
  })

  test('to a worker that has listened while nobody led', async () => {
    const url = await rabbitmq.url()
    const former = await lead(url)
    const { id } = await emitAndRevoke(former, 8_000)
    await former.resign()
    const first = firstOfNewWorker(url)
    await lead(url)
    expect(await first).toEqual({ id, veto: 'revoked' })
  })
})

describe('what is stored for the next leader', () => {
  const store = async (untilInMs: number): Promise<AmqpTermWorld> => {
    const world = new AmqpTermWorld(await rabbitmq.url())
    const term = await world.lead()
    const revocations = [{ id: newUuid(), until: soon(untilInMs) }]
    await term.emit({ messages: [], replacements: [], revocations, cursor: { due: soon(0), entry: '' } })
    await term.resign()
    return world
  }

  test('is read by every leader, and stays', async () => {
    const world = await store(60_000)
    const session = await world.session()
    for (let count = 0; count < 2; count++)
      expect(await readStored(session, 'main', soon(0))).toMatchObject([{ stamp: { epoch: 1, seq: 1 } }])
    expect(await world.countReady(revocationQueue('main'))).toBe(1)
  })

  test('goes by itself once it is void', async () => {
    const world = await store(-59_000)
    await expect.poll(() => world.countReady(revocationQueue('main')), { timeout: 30_000 }).toBe(0)
  })

  test('and is none, or void, is removed by whoever reads it', async () => {
    const world = await store(60_000)
    const session = await world.session()
    const channel = await session.openChannel({ confirm: true, prefetch: 0 })
    for (const body of ['', '{', '[]', '{"ids":["x"]}'])
      await channel.publish({
        exchange: '',
        routingKey: revocationQueue('main'),
        body: Buffer.from(body),
        headers: {},
      })
    expect(await readStored(session, 'main', soon(0))).toHaveLength(1)
    expect(await world.countReady(revocationQueue('main'))).toBe(1)
    expect(await readStored(session, 'main', soon(120_001))).toHaveLength(0)
    expect(await world.countReady(revocationQueue('main'))).toBe(0)
  })
})

describe('who asks what is revoked', () => {
  const open = (): { clock: FakeClock; teller: RevocationTeller; told: () => RevocationNotice[] } => {
    const clock = new FakeClock()
    clock.loops = 0 // nobody sleeps until somebody asks
    const published: Outgoing[] = []
    const channel: Pick<Channel, 'publish' | 'lost'> = {
      lost: never,
      publish: (outgoing): Promise<PublishOutcome> => {
        if (outgoing.exchange !== '') published.push(outgoing)
        return Promise.resolve({ kind: 'confirmed' })
      },
    }
    const teller = new RevocationTeller({ group: 'main', channel: channel as Channel, clock, inherited: [] })
    const told = (): RevocationNotice[] =>
      published.splice(0).flatMap(({ body }) => readRevocations(JSON.parse(String(body)).arguments) ?? [])
    return { clock, teller, told }
  }

  test('is told until it is void, however far ahead that is', async () => {
    const { clock, teller, told } = open()
    const hours = (count: number) => milliseconds(count * 3_600_000)
    const id = newUuid()
    await teller.tell([{ id, until: plus(clock.now(), hours(50)) }], { epoch: 1, seq: 1 })
    expect(told()).toHaveLength(1)
    await clock.advance(hours(49))
    teller.answer()
    expect(told()).toMatchObject([{ ids: [id], stamp: { epoch: 1, seq: 1 } }])
    await clock.advance(hours(2))
    teller.answer()
    expect(told()).toEqual([])
  })

  test('at once with others is answered with them', async () => {
    const { clock, teller, told } = open()
    await teller.tell([{ id: newUuid(), until: instant(clock.now() + 60_000) }], { epoch: 1, seq: 1 })
    told()
    for (let count = 0; count < 100; count++) teller.answer()
    expect(told()).toHaveLength(1)
    await clock.advance(milliseconds(250))
    await eventually('the rest are answered', () => told().length === 1)
  })

  test('is told of many in notices of a thousand, each for as long as it holds', async () => {
    const { clock, teller, told } = open()
    const untils = Array.from({ length: 1_500 }, (_, index) => instant(clock.now() + 1_500 - index))
    await teller.tell(
      untils.map((until) => ({ id: newUuid(), until })),
      { epoch: 1, seq: 1 },
    )
    expect(told().map(({ ids, until }) => [ids.length, until - clock.now()])).toEqual([
      [1_000, 1_000],
      [500, 1_500],
    ])
  })
})
