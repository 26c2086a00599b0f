import type { Clock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import type { ControlMethod } from './control-listener.ts'

/** A worker as it tells of itself. */
export interface Peer {
  readonly instance: string
  readonly queues: readonly string[]
  /** Counts how often it got in line for the lanes: whoever did so anew is the last again. */
  readonly round: number
}

export interface PeersParts {
  readonly clock: Clock
  /** The workers of this process, at this moment. */
  readonly own: () => readonly Peer[]
  readonly say: (method: string, args: Readonly<Record<string, unknown>>) => Promise<void>
  /** The workers are others than before. */
  readonly changed: () => void
}

export const helloMethod = 'taskbeat.hello'
export const goodbyeMethod = 'taskbeat.goodbye'

const between = milliseconds(15_000)
/** Whoever was not heard for so long is gone; what it held the broker has handed to others long before. */
const goneAfter = 40_000
/** Bounded, because everybody who reaches the control exchange can say hello. */
const mostPeers = 10_000

/**
 * Which workers there are, by what they say of themselves: hello when they come, now and then, and in answer to one that
 * was not known; goodbye when they go. Only the even share of lanes rests on it.
 */
export class Peers {
  readonly #parts: PeersParts
  readonly #heard = new Map<string, Omit<Peer, 'instance'> & { readonly at: number }>()
  readonly #closing = new AbortController()
  readonly #running: Promise<void>

  constructor(parts: PeersParts) {
    this.#parts = parts
    this.#running = this.#run()
  }

  /** What has to be heard over the control exchange. */
  get methods(): Readonly<Record<string, ControlMethod>> {
    return { [helloMethod]: (args) => this.#hello(args), [goodbyeMethod]: (args) => this.#goodbye(args) }
  }

  /** All workers of a queue, in an order on which all agree. */
  of(queue: string): readonly string[] {
    const own = this.#parts.own().filter(({ queues }) => queues.includes(queue))
    const others = [...this.#heard].filter(([, { queues }]) => queues.includes(queue))
    return [
      ...new Set([...own.map(({ instance }) => instance), ...others.map(([instance]) => instance)]),
    ].sort()
  }

  /** Tells the others of the workers of this process. */
  announce(): void {
    for (const peer of this.#parts.own()) void this.#parts.say(helloMethod, { ...peer })
  }

  /** This worker of ours is gone. */
  async leave(instance: string): Promise<void> {
    await this.#parts.say(goodbyeMethod, { instance })
    this.#parts.changed()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts
    while (!this.#closing.signal.aborted) {
      await clock.sleep(between, this.#closing.signal)
      if (this.#closing.signal.aborted) return
      this.announce()
      this.#forgetTheGone()
    }
  }

  #hello({ instance, queues, round }: Readonly<Record<string, unknown>>): void {
    if (typeof instance !== 'string' || typeof round !== 'number' || !isListOfText(queues)) return
    if (this.#isOwn(instance)) return
    const known = this.#heard.get(instance)
    if (!known && this.#heard.size >= mostPeers) return
    this.#heard.set(instance, { queues, round, at: this.#parts.clock.monotonic() })
    if (known && known.round === round) return
    if (!known) this.announce() // it may not know of us either
    this.#parts.changed()
  }

  #goodbye({ instance }: Readonly<Record<string, unknown>>): void {
    if (typeof instance === 'string' && this.#heard.delete(instance)) this.#parts.changed()
  }

  #isOwn(name: string): boolean {
    return this.#parts.own().some(({ instance }) => instance === name)
  }

  #forgetTheGone(): void {
    const oldest = this.#parts.clock.monotonic() - goneAfter
    let gone = false
    for (const [instance, { at }] of this.#heard) {
      if (at < oldest) gone = this.#heard.delete(instance)
    }
    if (gone) this.#parts.changed()
  }
}

function isListOfText(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= 1_000 && value.every((each) => typeof each === 'string')
}
