/**
 * A session over amqplib: what dies, dies whole.
 *
 *                       close()
 *   open ───────────────────────────────▶ closing ──▶ over     channels first, so that their acks arrive
 *     │  error, end, deadline, cancelled consumer,       ▲
 *     │  closed channel, destroy(): any doubt            │
 *     └──────────────────────────────────────────────────┘     socket destroyed, `lost` aborted with the reason
 *
 * amqplib leaves several ends open: a close that is never answered never settles, a heartbeat that fails half-closes
 * the socket, a channel that is closed by the broker leaves the connection as it is, and whatever waits for an answer
 * waits for ever. So each operation is raced against its deadline and the session's end, and the end of a session is
 * that its socket is destroyed, with an error: without one amqplib would not notice and go on beating.
 */
import type { Clock } from '../core/clock.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'
import { AmqplibChannel } from './amqplib-channel.ts'
import { openRawChannel, type RawConnection } from './amqplib-connect.ts'
import { type Deadlines, overdue } from './deadlines.ts'
import type { Channel, ChannelOptions, Session } from './session.ts'

export interface SessionParts {
  readonly raw: RawConnection
  /** `host:port`, for people. */
  readonly place: string
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly onBlocked: (reason: string) => void
  readonly onUnblocked: () => void
}

export class AmqplibSession implements Session {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly #raw: RawConnection
  readonly #place: string
  readonly #over = new AbortController()
  readonly #channels = new Set<AmqplibChannel>()
  #blocked: boolean
  #readsSince = 0
  #closing: Promise<void> | undefined

  /** To be called in the same turn in which the connection was opened: what it tells is heard from now on. */
  constructor({ raw, place, clock, deadlines, onBlocked, onUnblocked }: SessionParts) {
    this.#raw = raw
    this.#place = place
    this.clock = clock
    this.deadlines = deadlines
    this.#blocked = raw.blocked
    if (raw.blocked) onBlocked('it was so from the beginning')
    raw.model.on('error', (error) => this.destroy(error))
    raw.model.on('close', (error) => this.destroy(error ?? this.#silentEnd()))
    raw.model.on('blocked', (reason) => {
      this.#blocked = true
      onBlocked(reason)
    })
    raw.model.on('unblocked', () => {
      this.#blocked = false
      this.#readsSince = clock.monotonic()
      for (const channel of this.#channels) channel.resume()
      onUnblocked()
    })
    raw.socket.on('close', () => this.destroy(this.#silentEnd()))
    // It may have ended between the greeting and now.
    if (raw.socket.destroyed || raw.socket.writableEnded)
      this.destroy(new Error('the broker ended it at once'))
  }

  get lost(): AbortSignal {
    return this.#over.signal
  }

  get blocked(): boolean {
    return this.#blocked
  }

  get readsSince(): number {
    return this.#readsSince
  }

  openChannel(options: ChannelOptions): Promise<Channel> {
    return this.#open(options, false)
  }

  async apart<T>(operation: string, run: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.#open({ confirm: true, prefetch: 0 }, true, operation)
    try {
      return await run(channel)
    } finally {
      await channel.close()
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  destroy(reason: Error): void {
    if (this.lost.aborted) return
    const over = new TaskbeatError(
      'BROKER_UNAVAILABLE',
      `the session with ${this.#place} is over: ${describeError(reason)}`,
      { cause: reason },
    )
    // With an error, because amqplib does not notice the end of a socket that has none.
    this.#raw.socket.on('error', () => {}) // it is over, whatever else is said of it
    this.#raw.socket.destroy(over)
    this.#over.abort(over)
  }

  /** Waits for an answer of the broker, within the deadline; what comes later comes to nothing. */
  within<T>(operation: string, answer: () => Promise<T>): Promise<T> {
    const { lost, clock, deadlines } = this
    if (lost.aborted) return Promise.reject(lost.reason)
    return new Promise<T>((resolve, reject) => {
      const done = new AbortController()
      const asked = clock.monotonic()
      const onLost = () => settle(() => reject(lost.reason))
      const settle = (how: () => void) => {
        lost.removeEventListener('abort', onLost)
        done.abort()
        how()
      }
      lost.addEventListener('abort', onLost, { once: true })
      const since = () => (this.#blocked ? clock.monotonic() : Math.max(asked, this.#readsSince))
      void overdue(clock, deadlines.answerMs, since, done.signal).then((isOverdue) => {
        if (isOverdue) this.destroy(new Error(`no answer within ${deadlines.answerMs} ms to: ${operation}`))
      })
      // `async`, because amqplib throws synchronously when its channel is already closed.
      const asking = async () => answer()
      asking().then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => settle(() => reject(error)),
      )
    })
  }

  async #open(
    options: ChannelOptions,
    apart: boolean,
    operation = 'open a channel',
  ): Promise<AmqplibChannel> {
    const { model } = this.#raw
    const raw = await this.within(operation, () => openRawChannel(model, options.confirm))
    const channel = new AmqplibChannel({ raw, session: this, confirm: options.confirm, apart })
    this.#channels.add(channel)
    channel.lost.addEventListener('abort', () => this.#channels.delete(channel), { once: true })
    if (options.prefetch > 0)
      await this.within('set how much may be under way', () => raw.prefetch(options.prefetch))
    return channel
  }

  async #close(): Promise<void> {
    const { model } = this.#raw
    const done = new AbortController()
    const cut = () => this.destroy(new Error('it was closed, and the broker did not answer in time'))
    const begun = this.clock.monotonic()
    void overdue(this.clock, this.deadlines.closeMs, () => begun, done.signal).then((late) => late && cut())
    try {
      // A channel writes through a buffer of its own: without this the end would overtake the last acknowledgements.
      await Promise.all([...this.#channels].map((channel) => channel.close()))
      if (!this.lost.aborted) await this.#untilLost(model.close())
    } catch {
      // it has ended some other way
    } finally {
      done.abort()
      this.destroy(new Error('it was closed'))
    }
  }

  #silentEnd(): Error {
    return new Error(this.#closing ? 'it was closed' : 'the connection was cut')
  }

  #untilLost(ending: Promise<void>): Promise<void> {
    const { lost } = this
    return new Promise((resolve) => {
      lost.addEventListener('abort', () => resolve(), { once: true })
      ending.then(resolve, () => resolve())
    })
  }
}
