/**
 * A link keeps one session with RabbitMQ, for as long as it is open.
 *
 *            ┌──────────────────── failed ◀─────────────────┐
 *            ▼                                              │
 *         waiting ──▶ connecting ──▶ setting up ──▶ ready ──┘ lost
 *            ▲             │               │
 *            └── failed ◀──┴───────────────┘            close(), from anywhere: closed
 *
 * Its invariant: a session is handed out only after it was set up (its queues are declared), and never after it was
 * lost. Nothing travels from one session to the next: who was interrupted asks for the next and derives anew.
 *
 * - A broker that cannot be reached, does not answer, refuses the user or fails to set up: the next address is tried at
 *   once, and after all of them the link waits, longer from round to round (0.2 s to 2 s, spread at random).
 * - A session that is lost: the same, beginning with the address after its own, for a host that has fallen silent may
 *   hold up who connects to it for as long as connecting may take. One that lived shorter than the longest wait does
 *   not begin a new count: what breaks each session at once must not be repeated without pause.
 */
import type { LinkEvent } from '../broker/broker-event.ts'
import { type Backoff, backoffDelay, type Random } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import { untilAborted } from '../core/until-aborted.ts'
import { type Address, placeOf } from './address.ts'
import type { AmqplibSession } from './amqplib-session.ts'
import { type Deadlines, defaultDeadlines } from './deadlines.ts'
import type { Link } from './link.ts'
import { openSession, type ReadPassword, type TlsFiles } from './open-session.ts'
import type { Session } from './session.ts'

export interface LinkOptions {
  /** Shown in the broker's list of connections. */
  readonly name: string
  /** At least one; those of a cluster in the order of preference. */
  readonly addresses: readonly Address[]
  /** Shared by the links of one program, so that each begins where another has found the broker. */
  readonly turn?: Turn
  /** Of those that have none; without it, `guest`. */
  readonly readPassword?: ReadPassword
  readonly tls?: TlsFiles
  /** After twice as long without a sign the other side counts as dead. Default 10 s; whole seconds. */
  readonly heartbeatMs?: Milliseconds
  readonly clock: Clock
  readonly random: Random
  /** Declares what a session needs; run on each new one before anybody gets it. Its failure ends that session. */
  readonly setup?: (session: Session) => Promise<void>
  readonly emit: (event: LinkEvent) => void
  readonly deadlines?: Partial<Deadlines>
  readonly backoff?: Backoff
  /** Its sessions do not keep the process alive. */
  readonly background?: true
}

/** Short enough at its longest that everybody works again within seconds of the broker, however long that was away. */
export const defaultBackoff: Backoff = { firstMs: 200, factor: 2, longestMs: 2_000, jitter: 'full' }

/** Whose turn it is among the addresses, counted on and on. */
export interface Turn {
  at: number
}

type State =
  | { readonly kind: 'opening' }
  | { readonly kind: 'ready'; readonly session: AmqplibSession }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'closed' }

/** Opens it at once, in the background. Whoever opens it closes it. */
export function openLink(options: LinkOptions): Link {
  return new AmqpLink(options)
}

class AmqpLink implements Link {
  readonly name: string
  readonly #options: LinkOptions
  readonly #deadlines: Deadlines
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  readonly #watchers = new Set<() => void>()
  #state: State = { kind: 'opening' }
  /** Why there is no session. */
  #obstacle: unknown
  /** The same, of each place, since there was one last. */
  readonly #told = new Map<string, string>()

  constructor(options: LinkOptions) {
    this.name = options.name
    this.#options = options
    this.#deadlines = { ...defaultDeadlines, ...options.deadlines }
    this.#running = this.#run()
  }

  get current(): Session | undefined {
    return this.#state.kind === 'ready' && !this.#state.session.lost.aborted ? this.#state.session : undefined
  }

  session(signal: AbortSignal): Promise<Session> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const { current } = this
        if (!current && !signal.aborted && this.#state.kind !== 'closed') return
        this.#watchers.delete(look)
        signal.removeEventListener('abort', look)
        if (current) resolve(current)
        else reject(this.#unavailable())
      }
      this.#watchers.add(look)
      signal.addEventListener('abort', look)
      look()
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, random, addresses, turn = { at: 0 }, backoff = defaultBackoff } = this.#options
    const closing = this.#closing.signal
    let failures = 0 // of addresses, in a row
    while (!closing.aborted) {
      const { at } = turn
      const address = addresses[at % addresses.length]
      if (!address) throw new Error('a link needs an address')
      this.#become({ kind: 'opening' })
      const begun = clock.monotonic()
      const end = await this.#live(address)
      if (turn.at === at) turn.at += 1
      if (closing.aborted) break
      if (end.wasReady && clock.monotonic() - begun >= backoff.longestMs) failures = 0
      failures += 1
      const roundIsOver = end.wasReady || failures % addresses.length === 0
      const round = Math.max(1, Math.ceil(failures / addresses.length))
      const pause = roundIsOver ? backoffDelay(backoff, round, random) : milliseconds(0)
      this.#tell(end, address, failures, pause)
      this.#become({ kind: 'waiting' })
      if (pause > 0) await clock.sleep(pause, closing)
    }
    this.#become({ kind: 'closed' })
  }

  /** One session from its beginning to its end. */
  async #live(address: Address): Promise<End> {
    const { clock, emit, name } = this.#options
    const place = placeOf(address)
    const closing = this.#closing.signal
    let session: AmqplibSession
    let blockedAt = clock.monotonic()
    try {
      session = await openSession({
        address,
        name,
        readPassword: this.#options.readPassword,
        tls: this.#options.tls ?? {},
        heartbeatMs: this.#options.heartbeatMs ?? milliseconds(10_000),
        clock,
        deadlines: this.#deadlines,
        signal: closing,
        background: this.#options.background === true,
        onBlocked: (reason) => {
          blockedAt = clock.monotonic()
          emit({ kind: 'linkBlocked', link: name, place, reason })
        },
        onUnblocked: () => {
          emit({ kind: 'linkUnblocked', link: name, place, lastedMs: clock.monotonic() - blockedAt })
        },
      })
    } catch (error) {
      return { wasReady: false, error }
    }
    const ended = untilAborted(AbortSignal.any([session.lost, closing]))
    try {
      await Promise.race([this.#options.setup?.(session), ended])
    } catch (error) {
      session.destroy(new Error(`it could not be set up: ${describeError(error)}`, { cause: error }))
      return { wasReady: false, error }
    }
    if (session.lost.aborted) return { wasReady: false, error: session.lost.reason }
    if (!closing.aborted) {
      this.#become({ kind: 'ready', session })
      emit({ kind: 'linkOpened', link: name, place })
      await ended
    }
    if (!session.lost.aborted) await session.close()
    return { wasReady: true, error: session.lost.reason }
  }

  #tell({ wasReady, error }: End, address: Address, failures: number, pause: Milliseconds): void {
    const { emit, name } = this.#options
    const place = placeOf(address)
    this.#obstacle = error
    if (wasReady) {
      emit({ kind: 'linkLost', link: name, place, error })
      return
    }
    const reason = describeError(error)
    const isNews = this.#told.get(place) !== reason
    this.#told.set(place, reason)
    emit({ kind: 'linkFailed', link: name, place, error, failures, isNews, nextInMs: pause })
  }

  #become(state: State): void {
    this.#state = state
    if (state.kind === 'ready') {
      this.#obstacle = undefined
      this.#told.clear()
    }
    for (const look of this.#watchers) look()
  }

  #unavailable(): TaskbeatError {
    if (this.#state.kind === 'closed') return new TaskbeatError('BROKER_UNAVAILABLE', 'the link is closed')
    const cause = this.#obstacle
    const places = this.#options.addresses.map(placeOf).join(', ')
    const message = cause === undefined ? `${places} did not answer in time` : describeError(cause)
    return new TaskbeatError('BROKER_UNAVAILABLE', message, { cause })
  }
}

interface End {
  readonly wasReady: boolean
  readonly error: unknown
}
