import { backoffDelay } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { untilAborted } from '../core/until-aborted.ts'
import { newUuid } from '../core/uuid.ts'
import { type ArrivedPart, decodePrinted, isPrinted } from './codec-printed.ts'
import { type ArrivedResult, decodeResult } from './codec-result.ts'
import { replyQueuePrefix } from './control.ts'
import { ownQueue } from './control-listener.ts'
import type { Link } from './link.ts'
import type { Incoming, Session } from './session.ts'

export interface ReplyQueueParts {
  readonly link: Link
  readonly clock: Clock
  readonly take: (arrived: ArrivedResult) => void
  /** What a run prints that was sent with the wish to hear it. */
  readonly takePrinted: (arrived: ArrivedPart) => void
  /** It is there, over this session: what was told in between has gone nowhere. */
  readonly opened: (session: Session) => void
  readonly closing: AbortSignal
}

const retryBackoff = { firstMs: 100, factor: 2, longestMs: 5_000, jitter: 'full' } as const

/**
 * The queue on which results come to this process: exclusive, gone with its connection, and declared again under the
 * same name with the next, so that what is still on its way finds it.
 */
export class ReplyQueue {
  readonly name: string = `${replyQueuePrefix}${newUuid()}`
  readonly #parts: ReplyQueueParts
  #open: { readonly session: Session; readonly done: Promise<void> } | undefined

  constructor(parts: ReplyQueueParts) {
    this.#parts = parts
    void this.#keep()
  }

  /** Resolves when results can come. Rejects when the signal is aborted before, or the session is lost. */
  async ready(signal: AbortSignal): Promise<void> {
    const { link } = this.#parts
    await this.#openOn(link.current ?? (await link.session(signal)))
  }

  async #keep(): Promise<void> {
    const { link, clock, closing } = this.#parts
    for (let failures = 0; !closing.aborted; ) {
      try {
        const session = await link.session(closing)
        await this.#openOn(session)
        failures = 0
        await untilAborted(AbortSignal.any([session.lost, closing]))
      } catch {
        // The link tells of what it cannot do; and the broker may not have noticed yet that our last session is gone.
        await clock.sleep(backoffDelay(retryBackoff, ++failures, Math.random), closing)
      }
    }
  }

  #openOn(session: Session): Promise<void> {
    if (this.#open?.session !== session) {
      const done = this.#declare(session)
      this.#open = { session, done }
      done.catch(() => {
        if (this.#open?.done === done) this.#open = undefined
      })
    }
    return this.#open.done
  }

  async #declare(session: Session): Promise<void> {
    const { opened } = this.#parts
    await session.apart(`declare ${this.name}`, (apart) => apart.declareQueue(ownQueue(this.name)))
    const channel = await session.openChannel({ confirm: false, prefetch: 0 })
    await channel.consume(this.name, { noAck: true }, (incoming) => this.#take(incoming))
    opened(session)
  }

  #take(incoming: Incoming): void {
    const { take, takePrinted } = this.#parts
    const printed = isPrinted(incoming) ? decodePrinted(incoming) : undefined
    if (printed) takePrinted(printed)
    const result = isPrinted(incoming) ? undefined : decodeResult(incoming)
    if (result) take(result)
  }
}
