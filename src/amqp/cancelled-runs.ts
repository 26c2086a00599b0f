/**
 * What senders have cancelled, for all workers, also for those that start later:
 *
 *     cancel ── stored, confirmed ──▶ a stream ── from its beginning, then as it grows ──▶ each process that consumes
 *
 * Reading takes nothing out of a stream, so each worker reads all of it, and none takes work before it has: each puts a
 * mark of its own at the end and reads as far as that. While an alarm is set nobody can put anything there: then it is
 * read until nothing more comes. What is too old or too much the broker drops from the front.
 */
import type { Clock } from '../core/clock.ts'
import { type Instant, instant, milliseconds, plus } from '../core/instant.ts'
import { newUuid } from '../core/uuid.ts'
import { longestName } from '../task/parse-task-message.ts'
import { parseStrictJson } from './codec-json.ts'
import { Unreadable } from './codec-unreadable.ts'
import type { Link } from './link.ts'
import type { Incoming, Session } from './session.ts'
import { cancelledStream, cancelledTtlMs } from './topology.ts'

export interface CancelledRunsParts {
  /** Not the one that consumes: whoever publishes is held up while an alarm is set. */
  readonly link: Link
  readonly clock: Clock
  /** This run shall not start, as far as anybody has to know. */
  readonly take: (id: string, until: Instant) => void
}

/** Read before it is acknowledged. */
const prefetch = 1_000
/** How long nothing may come before its end has. */
const patience = milliseconds(10_000)
/** What there is comes without a pause. */
const quiet = milliseconds(1_000)

export class CancelledRuns {
  readonly #parts: CancelledRunsParts
  readonly #followed = new WeakMap<Session, Promise<void>>()

  constructor(parts: CancelledRunsParts) {
    this.#parts = parts
  }

  /** Resolves once all is known that was stored before; what is stored later is taken while the session lives. */
  follow(session: Session): Promise<void> {
    const following = this.#followed.get(session) ?? this.#follow(session)
    this.#followed.set(session, following)
    following.catch(() => this.#followed.delete(session))
    return following
  }

  async #follow(session: Session): Promise<void> {
    const { link, clock } = this.#parts
    await declare(session)
    const channel = await session.openChannel({ confirm: false, prefetch })
    const mark = newUuid()
    const read = new AbortController()
    const failed = new AbortController()
    let count = 0
    await channel.consume(cancelledStream.name, { fromFirst: true }, (incoming) => {
      count++
      channel.ack(incoming)
      if (this.#take(incoming) === mark) read.abort()
    })
    this.#mark(mark).catch((error: unknown) => failed.abort(error))
    const over = AbortSignal.any([read.signal, failed.signal, channel.lost])
    for (let end = clock.monotonic() + patience; !over.aborted && clock.monotonic() < end; ) {
      const before = count
      await clock.sleep(quiet, over)
      if (count > before) end = clock.monotonic() + patience
      else if (link.current?.blocked) return
    }
    if (read.signal.aborted) return
    await channel.close()
    throw failed.signal.reason ?? new Error(`${cancelledStream.name} could not be read to its end`)
  }

  async #mark(mark: string): Promise<void> {
    await store(await this.#parts.link.session(AbortSignal.timeout(patience)), { mark })
  }

  /** The mark, if it is one. */
  #take(incoming: Incoming): unknown {
    const { id, at, mark } = readRecord(incoming)
    const isOfRun = typeof id === 'string' && id.length > 0 && id.length <= longestName
    if (!isOfRun || typeof at !== 'number' || !Number.isSafeInteger(at)) return mark
    const { clock, take } = this.#parts
    const until = plus(instant(Math.min(at, clock.now())), cancelledTtlMs)
    if (until > clock.now()) take(id, until)
    return undefined
  }
}

/** Resolves once no worker will start it that has not. */
export async function storeCancelled(session: Session, id: string, at: Instant): Promise<void> {
  await declare(session)
  await store(session, { id, at })
}

async function declare(session: Session): Promise<void> {
  await session.apart(`declare ${cancelledStream.name}`, (channel) => channel.declareQueue(cancelledStream))
}

async function store(session: Session, record: Readonly<Record<string, unknown>>): Promise<void> {
  const channel = await session.openChannel({ confirm: true, prefetch: 0 })
  try {
    const body = Buffer.from(JSON.stringify(record))
    const outcome = await channel.publish({
      exchange: '',
      routingKey: cancelledStream.name,
      body,
      headers: {},
    })
    if (outcome.kind === 'confirmed') return
    const why = 'reason' in outcome ? outcome.reason : 'it is gone'
    throw new Error(`${cancelledStream.name} did not take it: ${why}`)
  } finally {
    if (!session.blocked) await channel.close()
  }
}

/** Everybody who can publish to the broker can write one. */
function readRecord({ body }: Incoming): {
  readonly id?: unknown
  readonly at?: unknown
  readonly mark?: unknown
} {
  try {
    const record = parseStrictJson(body.toString('utf8'))
    return typeof record === 'object' && record !== null ? { ...record } : {}
  } catch (error) {
    if (error instanceof Unreadable) return {}
    throw error
  }
}
