import type { Clock } from '../core/clock.ts'
import { milliseconds, plus } from '../core/instant.ts'
import { untilAborted } from '../core/until-aborted.ts'
import { encodeRequest } from './control.ts'
import { type ControlMethod, openControlListener } from './control-listener.ts'
import type { Link } from './link.ts'
import type { Channel, Session } from './session.ts'

export interface ControlPointParts {
  /** Not the one that consumes: answers are published, and who publishes is held up while an alarm is set. */
  readonly link: Link
  readonly node: string
  readonly methods: Readonly<Record<string, ControlMethod>>
  readonly clock: Clock
  /** Somebody listens again: others have to be told of us anew, and we have heard nothing meanwhile. */
  readonly opened: () => void
}

const retryPause = milliseconds(1_000)
/** Clocks of hosts differ; what is said is stale only when it is older than they could. */
const staleAfter = milliseconds(60_000)

/** Hears and says what concerns all processes, over whatever session there is. */
export class ControlPoint {
  readonly #parts: ControlPointParts
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #speaking: { readonly session: Session; readonly channel: Channel } | undefined

  constructor(parts: ControlPointParts) {
    this.#parts = parts
    this.#running = this.#run()
  }

  /** Says it to all processes that listen at this moment; what is not heard is not said again. */
  async say(method: string, args: Readonly<Record<string, unknown>>): Promise<void> {
    const channel = this.#speaking?.channel
    if (!channel || channel.lost.aborted || this.#speaking?.session.blocked) return
    await channel.publish(
      encodeRequest({ method, arguments: args }, plus(this.#parts.clock.now(), staleAfter)),
    )
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { link, node, methods, clock, opened } = this.#parts
    const closing = this.#closing.signal
    while (!closing.aborted) {
      try {
        const session = await link.session(closing)
        await openControlListener(session, { node, methods, clock })
        const channel = await session.openChannel({ confirm: false, prefetch: 0 })
        this.#speaking = { session, channel }
        opened()
        await untilAborted(AbortSignal.any([session.lost, closing]))
      } catch {
        // The link tells of what it cannot do; here it is only tried again.
        await clock.sleep(retryPause, closing)
      }
    }
  }
}
