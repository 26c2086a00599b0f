/**
 * Leading a schedule group on RabbitMQ, with nothing but RabbitMQ.
 *
 *                  connected           a baton is handed to us          confirmed, and back
 *   DISCONNECTED ────────────▶ STANDBY ──────────────────────▶ CLAIMING ──────────────────▶ LEADING
 *        ▲                        │                               │                            │
 *        └────────────────────────┴───────────────────────────────┴────────────────────────────┘
 *                  any doubt: the socket is destroyed; or resigned: it is closed
 *
 * The state of a group is one message, the baton, in a quorum queue with a single active consumer. Its holder leads.
 * It lives and dies with the connection that holds it, and the occurrences are published on that same connection: what
 * the broker takes from a leader it takes before it gives the baton to another, but for what a partition of a cluster
 * keeps back. That rest is harmless, because an occurrence has the same id whoever publishes it.
 *
 * The invariant: what lies behind the cursor of the newest baton has been confirmed by the broker.
 *
 * - STANDBY: the queue is consumed and gives nothing. Being given something is being chosen.
 * - Nobody has begun: whoever finds the queue without messages and without consumers, and is given nothing for a
 *   moment, puts a first baton there; and so does, now and then, whoever has waited for long. One too many is harmless,
 *   for the newest wins: a leader removes it. Of two that were put there at once, both sides choose the same.
 * - CLAIMING: a leader that died while it wrote leaves two batons, so they are collected for a moment, unless the
 *   first says that it was put down in order. Then epoch + 1 is written.
 * - The schedule travels as a hash, beside since when it is known: a baton is as small for 100,000 entries as for one.
 * - What is no baton is told and removed. If nothing else was there, the group begins anew.
 * - A baton of a later version of taskbeat is left for those who can read it: UNSUPPORTED.
 * - Nothing is carried across sessions. Whoever leads next derives again what to emit, from the cursor.
 */
import type { BrokerEvent } from '../broker/broker-event.ts'
import type { Candidate, Predecessor } from '../broker/term.ts'
import type { Clock } from '../core/clock.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import { newUuid } from '../core/uuid.ts'
import { AmqpTerm } from './amqp-term.ts'
import { type Baton, claimedBy, firstBaton } from './baton.ts'
import { BatonLease } from './baton-lease.ts'
import { RenewedChannel } from './renewed-channel.ts'
import { readStored } from './revocation-store.ts'
import type { RoutePlan } from './route.ts'
import type { Channel, Session } from './session.ts'
import { batonQueue } from './topology.ts'

export interface LeadParts {
  /** Opens a session of this candidacy's own, for the lease lasts as long as it, with the group's queues declared. */
  readonly connect: (signal: AbortSignal) => Promise<Session>
  /** Makes what belongs to a queue, where it is ours to make. */
  readonly declare: (session: Session, queue: string) => Promise<void>
  /** For which `connect` has done that. */
  readonly queues: readonly string[]
  readonly plan: RoutePlan
  readonly clock: Clock
  /** Of the sessions that `connect` opens: after two of them in silence the broker has given us up. */
  readonly heartbeat: Milliseconds
  readonly emit: (event: BrokerEvent) => void
}

const collectingTime = milliseconds(250)
/**
 * How long a queue that seems to hold nothing is consumed before it is believed: RabbitMQ says so, too, of a queue that
 * has not elected its leader since the broker started, and drops without a word what is published to it then.
 */
const vacancyTime = milliseconds(300)
/** How long nothing may be heard of the group: whoever should have begun it may have died before. */
const silenceTime = milliseconds(300_000)
/** Far more than batons ever lie there, so that what was forged does not hide the one that counts. */
const prefetch = 16

/**
 * Waits until this candidate leads its group. Rejects with the signal's reason when it is aborted, with UNSUPPORTED
 * when the group's state is of a later version, and with BROKER_UNAVAILABLE when the session could not be opened or
 * was lost before.
 */
export async function leadByBaton(
  parts: LeadParts,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<AmqpTerm> {
  let session: Session | undefined
  const withdraw = (): void => void session?.close()
  signal.addEventListener('abort', withdraw, { once: true })
  try {
    session = await parts.connect(signal)
    return await standBy(parts, session, candidate, signal)
  } catch (error) {
    await session?.close()
    signal.throwIfAborted()
    if (error instanceof TaskbeatError) throw isOfLaterVersion(error.cause) ? error.cause : error
    const message = `cannot stand for the lead of ${candidate.group}: ${describeError(error)}`
    throw new TaskbeatError('BROKER_UNAVAILABLE', message, { cause: error })
  } finally {
    signal.removeEventListener('abort', withdraw)
  }
}

async function standBy(
  parts: LeadParts,
  session: Session,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<AmqpTerm> {
  const { clock, emit } = parts
  const queue = batonQueue(candidate.group)
  const publishing = await session.openChannel({ confirm: true, prefetch: 0 })
  const consuming = await session.openChannel({ confirm: false, prefetch })
  const lease = new BatonLease({ session, publishing, consuming, queue, clock, emit })
  const counts = await session.apart(`look at queue ${queue}`, (channel) => channel.checkQueue(queue))
  await lease.open()
  const isVacant = counts?.messages === 0 && counts.consumers === 0
  const over = AbortSignal.any([signal, session.lost])
  for (let patience = isVacant ? vacancyTime : silenceTime; ; patience = silenceTime) {
    if (await isChosenWithin(patience, lease, clock, over)) break
    await lease.plant(firstBaton(newUuid(), clock.now()))
  }
  if (!lease.baton?.resigned) await clock.sleep(collectingTime, over)
  over.throwIfAborted()
  return claim(parts, session, publishing, lease, candidate)
}

async function claim(
  parts: LeadParts,
  session: Session,
  telling: Channel,
  lease: BatonLease,
  { group, host, pid, scheduleHash, missed, takesAgain }: Candidate,
): Promise<AmqpTerm> {
  const now = parts.clock.now()
  const found = lease.baton ?? firstBaton(newUuid(), now)
  // What is emitted is emitted by the former schedule, until this leader has said otherwise.
  const led = found.holder ?? { scheduleHash, knownSince: undefined }
  const holder = { host, pid, scheduleHash: led.scheduleHash, knownSince: led.knownSince, since: now }
  const baton = claimedBy(found, holder, now)
  lease.claim()
  const [inherited, publishing] = await Promise.all([
    readStored(session, group, now),
    RenewedChannel.open(session),
    lease.advance(baton),
  ])
  const predecessor = predecessorOf(found)
  const told = { missed, takesAgain }
  const declared = new Set(parts.queues)
  const own = {
    session,
    declared,
    publishing,
    telling,
    lease,
    baton,
    group,
    holder,
    predecessor,
    inherited,
    ...told,
  }
  return new AmqpTerm({ ...parts, ...own })
}

function predecessorOf({ holder }: Baton): Predecessor | undefined {
  return holder && { host: holder.host, scheduleHash: holder.scheduleHash, knownSince: holder.knownSince }
}

/** A session tells why it is over in words of its own. */
function isOfLaterVersion(cause: unknown): cause is TaskbeatError {
  return cause instanceof TaskbeatError && cause.code === 'UNSUPPORTED'
}

/** Rejects when the signal is aborted. */
async function isChosenWithin(
  length: Milliseconds,
  lease: BatonLease,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const over = new AbortController()
  const chosen = lease.chosen.then(() => true)
  const silence = clock.sleep(length, AbortSignal.any([signal, over.signal])).then(() => false)
  const isChosen = await Promise.race([chosen, silence]).finally(() => over.abort())
  signal.throwIfAborted()
  return isChosen
}
