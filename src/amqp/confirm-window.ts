import type { Clock } from '../core/clock.ts'
import { newUuid } from '../core/uuid.ts'
import type { RawChannel, RawConfirmChannel, RawMessage, RawPublishOptions } from './amqplib-connect.ts'
import { type Deadlines, overdue } from './deadlines.ts'
import { tableToWrite } from './header-table.ts'
import type { Outgoing, PublishOutcome } from './session.ts'

/** How many messages may wait for their confirm at once; a publish above it waits for its turn. */
export const mostInFlight = 1_000

/** RabbitMQ 4 closes the channel on anything larger, and with it whatever else is under way. */
export const largestBody: number = 16 * 1_024 * 1_024

/** What the window needs to know of the session that it is a part of. */
export interface WindowSurroundings {
  readonly clock: Clock
  readonly deadlines: Deadlines
  /** Aborted when the channel or the session is over. */
  readonly lost: AbortSignal
  readonly blocked: boolean
  /** Since when (monotonic) it is not blocked. */
  readonly readsSince: number
  destroy(reason: Error): void
}

interface InFlight {
  readonly messageId: string
  readonly routingKey: string
  readonly at: number
  readonly resolve: (outcome: PublishOutcome) => void
  returned: boolean
}

/**
 * What is published on one channel and not yet confirmed.
 *
 * The broker confirms by number, and amqplib keeps that count. What no queue takes comes back before it is confirmed,
 * without a number: it is known by its message id. What waits for its turn, or for a blocked broker, is not written.
 */
export class ConfirmWindow {
  readonly #raw: RawConfirmChannel
  readonly #session: WindowSurroundings
  readonly #inFlight = new Set<InFlight>()
  readonly #waiting = new Set<() => void>()
  #watched = false

  constructor(raw: RawConfirmChannel, session: WindowSurroundings) {
    this.#raw = raw
    this.#session = session
    raw.on('return', (message) => this.#returned(message))
    session.lost.addEventListener('abort', () => this.#giveUp(), { once: true })
  }

  publish(outgoing: Outgoing): Promise<PublishOutcome> {
    return new Promise((resolve) => {
      if (this.#mayWrite() && this.#waiting.size === 0) this.#write(outgoing, resolve)
      else if (this.#session.lost.aborted) resolve(unknown(this.#session.lost))
      else this.#waiting.add(() => this.#write(outgoing, resolve))
    })
  }

  /** As many of those that wait as may go now. */
  resume(): void {
    for (const write of this.#waiting) {
      if (!this.#mayWrite()) return
      this.#waiting.delete(write)
      write()
    }
  }

  #mayWrite(): boolean {
    const { lost, blocked } = this.#session
    return !lost.aborted && !blocked && this.#inFlight.size < mostInFlight
  }

  #write(outgoing: Outgoing, resolve: (outcome: PublishOutcome) => void): void {
    const { lost, clock } = this.#session
    if (lost.aborted) {
      resolve(unknown(lost))
      return
    }
    const messageId = outgoing.messageId ?? newUuid()
    const entry: InFlight = {
      messageId,
      routingKey: outgoing.routingKey,
      at: clock.monotonic(),
      resolve,
      returned: false,
    }
    this.#inFlight.add(entry)
    try {
      publishRaw(this.#raw, outgoing, messageId, (error) => this.#confirmed(entry, error))
    } catch (error) {
      // Encoding comes before writing: nothing has left. But amqplib throws also when its channel is already closed.
      this.#inFlight.delete(entry)
      const reason = error instanceof Error ? error.message : String(error)
      resolve(lost.aborted ? unknown(lost) : { kind: 'refused', reason })
      return
    }
    this.#watch()
  }

  #confirmed(entry: InFlight, error: unknown): void {
    if (!this.#inFlight.delete(entry)) return // given up before
    if (error === null || error === undefined)
      entry.resolve(entry.returned ? { kind: 'unroutable' } : { kind: 'confirmed' })
    else
      entry.resolve({
        kind: 'refused',
        reason: 'the broker could not take it: a queue is full or has failed',
      })
    if (this.#waiting.size > 0) this.resume()
  }

  #returned({ properties, fields }: RawMessage): void {
    for (const entry of this.#inFlight) {
      const same = entry.messageId === properties.messageId && entry.routingKey === fields.routingKey
      if (!same || entry.returned) continue
      entry.returned = true
      return
    }
  }

  #giveUp(): void {
    const outcome = unknown(this.#session.lost)
    for (const entry of this.#inFlight) entry.resolve(outcome)
    this.#inFlight.clear()
    for (const write of this.#waiting) write()
    this.#waiting.clear()
  }

  /** One timer for all of them: the oldest is overdue first. */
  #watch(): void {
    if (this.#watched) return
    this.#watched = true
    const { clock, deadlines, lost } = this.#session
    void overdue(clock, deadlines.confirmMs, () => this.#oldest(), lost).then((isOverdue) => {
      this.#watched = false
      if (isOverdue) this.#session.destroy(new Error(`no confirm within ${deadlines.confirmMs} ms`))
      // What was written since it found nothing to watch saw itself watched.
      else if (this.#inFlight.size > 0) this.#watch()
    })
  }

  #oldest(): number | undefined {
    const [oldest] = this.#inFlight
    if (!oldest) return undefined
    return this.#session.blocked
      ? this.#session.clock.monotonic()
      : Math.max(oldest.at, this.#session.readsSince)
  }
}

/** Writes it, or throws before anything is written. */
export function publishRaw(
  raw: RawChannel,
  outgoing: Outgoing,
  messageId: string,
  confirmed: (error: unknown) => void,
): boolean {
  if (outgoing.body.length > largestBody)
    throw new Error(`a body of ${outgoing.body.length} bytes is more than RabbitMQ takes (${largestBody})`)
  const headers = tableToWrite(outgoing.headers)
  // RabbitMQ would send copies to the queues that these name; headers may come from outside.
  delete headers.CC
  delete headers.BCC
  const options = {
    headers,
    persistent: outgoing.persistent ?? true,
    mandatory: outgoing.mandatory ?? true,
    contentType: outgoing.contentType ?? 'application/json',
    contentEncoding: 'utf-8',
    messageId,
    correlationId: outgoing.correlationId,
    replyTo: outgoing.replyTo,
    priority: outgoing.priority,
    expiration: outgoing.expiration,
  } as RawPublishOptions // undefined is left out, whatever the types say
  // The type of a plain channel has no fifth argument; it ignores one.
  return (raw as RawConfirmChannel).publish(
    outgoing.exchange,
    outgoing.routingKey,
    outgoing.body,
    options,
    confirmed,
  )
}

function unknown(lost: AbortSignal): PublishOutcome {
  return {
    kind: 'unknown',
    reason: lost.reason instanceof Error ? lost.reason.message : 'the session is over',
  }
}
