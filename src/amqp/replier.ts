import type { Listener } from '../broker/delivery.ts'
import { PrintedParts } from '../broker/printed-parts.ts'
import type { Clock } from '../core/clock.ts'
import { forgetOldest } from '../core/forget-oldest.ts'
import { milliseconds } from '../core/instant.ts'
import type { RunResult } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { encodePrinted, followerOf } from './codec-printed.ts'
import { encodeResult, type ResultAddress } from './codec-result.ts'
import { replyQueuePrefix } from './control.ts'
import type { Link } from './link.ts'
import type { Channel, Incoming, Outgoing, Session } from './session.ts'

/** While results cannot be told, so many are kept, and so much of them; whoever waits for others asks again. */
const mostKept = { results: 1_000, bytes: 16 * 1_048_576 } as const
/** The same of what followed runs print: what was told first is lost then, as it is with a connection. */
const mostPrinted = { runs: 1_000, bytes: 16 * 1_048_576 } as const
/** How often it is looked whether the broker reads again. */
const whileBlocked = milliseconds(1_000)
/** Who waits for which run, beside those who sent it. Bounded, because anybody can say so. */
const mostWatched = 10_000
const mostOfOne = 20

export interface ReplierParts {
  /** Not the one that consumes: what blocks those who publish must not hold up acknowledgements. */
  readonly link: Link
  readonly clock: Clock
  /** Whether it is a queue of work: a result there would be taken for a message that cannot be decoded. */
  readonly isQueueOfWork: (queue: string) => boolean
  /** Aborted when nothing is told any more. */
  readonly closing: AbortSignal
}

/**
 * Tells results to those who wait for them, and what a run prints to whoever follows it. Both are told without a
 * confirm, and lost with the connection at worst: the journal has the result, and whoever waits asks for it there.
 */
export class Replier {
  readonly #parts: ReplierParts
  readonly #watchers = new Map<string, Set<string>>()
  #kept: Outgoing[] = []
  #keptBytes = 0
  /** What has printed something that was not told yet, and to whom. */
  readonly #printing = new Map<PrintedParts, { readonly id: string; readonly queue: string }>()
  #way: { readonly session: Session; readonly channel: Promise<Channel> } | undefined
  #flushing = false

  constructor(parts: ReplierParts) {
    this.#parts = parts
  }

  /** To whom the sender of a message wants its result told; undefined = nobody, or where nothing may be written. */
  addressOf({ replyTo, correlationId }: Incoming, id: string): ResultAddress | undefined {
    if (!replyTo || !this.#mayWriteTo(replyTo)) return undefined
    return { queue: replyTo, correlationId: correlationId || id }
  }

  /** To whom it is told what this attempt prints; undefined = to nobody. */
  listenerOf(incoming: Incoming, { id, attempt }: TaskMessage): Listener | undefined {
    const queue = followerOf(incoming)
    if (queue === undefined) return undefined
    const listener = new PrintedParts(attempt, () => {
      this.#printing.set(listener, { id, queue })
      forgetOldest(this.#printing, mostPrinted.runs)
      let bytes = 0
      for (const parts of this.#printing.keys()) bytes += parts.bytes
      for (const oldest of this.#printing.keys()) {
        if (bytes <= mostPrinted.bytes) break
        bytes -= oldest.bytes
        this.#printing.delete(oldest)
      }
      if (!this.#flushing) void this.#flush()
    })
    return listener
  }

  /** Whoever reads this queue wants to be told the result of this run once it is there. */
  watch(id: string, queue: string): void {
    const queues = this.#watchers.get(id) ?? new Set()
    if (queues.size >= mostOfOne) return
    this.#watchers.delete(id)
    this.#watchers.set(id, queues.add(queue))
    forgetOldest(this.#watchers, mostWatched)
  }

  /** Tells the result of a run that has just ended, to its sender and to all who watch it. */
  tell(id: string, result: RunResult, sender: ResultAddress | undefined): void {
    if (sender) this.send(id, result, sender)
    const queues = this.#watchers.get(id)
    if (!queues) return
    this.#watchers.delete(id)
    for (const queue of queues)
      if (queue !== sender?.queue) this.send(id, result, { queue, correlationId: id })
  }

  send(id: string, result: RunResult, address: ResultAddress): void {
    const outgoing = encodeResult(id, result, address)
    this.#kept.push(outgoing)
    this.#keptBytes += outgoing.body.length
    while (this.#kept.length > mostKept.results || this.#keptBytes > mostKept.bytes)
      this.#keptBytes -= this.#kept.shift()?.body.length ?? 0
    if (!this.#flushing) void this.#flush()
  }

  async #flush(): Promise<void> {
    const { link, clock, closing } = this.#parts
    this.#flushing = true
    while (this.#kept.length + this.#printing.size > 0 && !closing.aborted) {
      try {
        const session = link.current ?? (await link.session(closing))
        const channel = await this.#channelOf(session)
        // What is written then waits in the socket, as much as there may be.
        if (session.blocked) await clock.sleep(whileBlocked, AbortSignal.any([session.lost, closing]))
        else
          for (const outgoing of [...this.#takePrinted(), ...this.#takeAll()]) void channel.publish(outgoing)
      } catch {
        this.#way = undefined // that session is over; the next one is waited for
      }
    }
    this.#flushing = false
  }

  /** Before the results: a run has printed all before it ended. */
  #takePrinted(): readonly Outgoing[] {
    const all = [...this.#printing]
    this.#printing.clear()
    return all.flatMap(([parts, { id, queue }]) =>
      parts.takeAll().map((part) => encodePrinted(id, part, queue)),
    )
  }

  #takeAll(): readonly Outgoing[] {
    const all = this.#kept
    this.#kept = []
    this.#keptBytes = 0
    return all
  }

  #channelOf(session: Session): Promise<Channel> {
    if (this.#way?.session !== session)
      this.#way = { session, channel: session.openChannel({ confirm: false, prefetch: 0 }) }
    return this.#way.channel
  }

  /** A sender could otherwise have us write where it may not itself. */
  #mayWriteTo(queue: string): boolean {
    if (Buffer.byteLength(queue) > 255 || /^amq\./.test(queue)) return false
    return queue.startsWith(replyQueuePrefix) || !this.#parts.isQueueOfWork(queue)
  }
}
