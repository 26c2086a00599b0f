import type { Clock } from '../core/clock.ts'
import { type Instant, type Milliseconds, milliseconds, plus } from '../core/instant.ts'
import type { Stamp } from '../task/task-message.ts'
import { encodeRequest } from './control.ts'
import { mostIdsOfNotice, type RevocationNotice, toRequest } from './revocations.ts'
import type { Channel, PublishOutcome } from './session.ts'

interface Told {
  readonly notice: RevocationNotice
  readonly toldFirst: Milliseconds
  toldLast: Milliseconds
}

/** Workers that connect anew have heard nothing, so everything is told again: often while it matters most, then less. */
const often = milliseconds(1_000)
const oftenFor = milliseconds(60_000)
const seldom = milliseconds(10_000)
/** Told for so long after the last of them is due: jitter, a backlog and the wait in a lane are over by then, or rarely not. */
const toldFor = milliseconds(3_600_000)
/** Remembered for longer by those who have heard it. */
const rememberedFor = milliseconds(86_400_000)
/** Who hears it later than this by a clock of its own hears it again. */
const staleAfter = milliseconds(60_000)

/** What one term has revoked and keeps telling all workers, until no copy can be left to start. */
export class RevocationTeller {
  readonly #channel: Channel
  readonly #clock: Clock
  #told: Told[] = []

  constructor(channel: Channel, clock: Clock) {
    this.#channel = channel
    this.#clock = clock
  }

  /** Tells all workers now, and from now on. `due`: by when all of them are due. Resolves with the broker's answers. */
  tell(ids: readonly string[], stamp: Stamp, due: Instant): Promise<PublishOutcome[]> {
    const now = this.#clock.monotonic()
    const until = plus(due, rememberedFor)
    const notices: RevocationNotice[] = []
    for (let from = 0; from < ids.length; from += mostIdsOfNotice)
      notices.push({ ids: ids.slice(from, from + mostIdsOfNotice), stamp, until })
    this.#told.push(...notices.map((notice) => ({ notice, toldFirst: now, toldLast: now })))
    return Promise.all(notices.map((notice) => this.#publish(notice)))
  }

  /** Tells again what it is time to tell again. */
  repeat(): void {
    if (this.#told.length === 0) return
    const now = this.#clock.monotonic()
    const wall = this.#clock.now()
    this.#told = this.#told.filter(({ notice }) => wall < notice.until - rememberedFor + toldFor)
    for (const told of this.#told) {
      if (now - told.toldLast < (now - told.toldFirst < oftenFor ? often : seldom)) continue
      told.toldLast = now
      void this.#publish(told.notice)
    }
  }

  #publish(notice: RevocationNotice): Promise<PublishOutcome> {
    const expires = plus(this.#clock.now(), staleAfter)
    return this.#channel.publish(encodeRequest(toRequest(notice), expires))
  }
}
