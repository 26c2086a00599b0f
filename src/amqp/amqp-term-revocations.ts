import type { Revocation } from '../broker/term.ts'
import type { Clock } from '../core/clock.ts'
import { type Instant, instant, milliseconds, plus } from '../core/instant.ts'
import type { Stamp, TaskMessage } from '../task/task-message.ts'
import { encodeRequest } from './control.ts'
import { toStored } from './revocation-store.ts'
import { forgottenAt, mostIdsOfNotice, type RevocationNotice, Revocations, toRequest } from './revocations.ts'
import type { Channel, PublishOutcome } from './session.ts'

/** Who hears it later than this by a clock of its own hears it again when it asks. */
const staleAfter = milliseconds(60_000)
/** Many workers that come at once are told at once. */
const betweenAnswers = milliseconds(250)

export interface RevocationTellerParts {
  readonly group: string
  /** Confirmed. */
  readonly channel: Channel
  readonly clock: Clock
  /** What the leaders before have revoked, and is not void. */
  readonly inherited: readonly RevocationNotice[]
}

/**
 * What is revoked in a group, told to all workers. Each revocation is told once when it is made and stored for the next
 * leader; everything that is not void is told anew when a leader begins, for it cannot know who has heard it, and
 * whenever a process asks, as each does that begins to listen.
 */
export class RevocationTeller {
  readonly #parts: RevocationTellerParts
  readonly #revoked = new Revocations()
  #notices: readonly RevocationNotice[]
  #isAsked = false
  #answering: Promise<void> | undefined

  constructor(parts: RevocationTellerParts) {
    this.#parts = parts
    this.#notices = parts.inherited
    for (const notice of parts.inherited) this.#revoked.add(notice)
    if (parts.inherited.length > 0) this.answer()
  }

  /** Stores it and tells all workers. Resolves with the broker's answers. */
  tell(revocations: readonly Revocation[], stamp: Stamp): Promise<PublishOutcome[]> {
    const { group, channel, clock } = this.#parts
    const now = clock.now()
    const notices = toNotices(revocations, stamp)
    this.#notices = [...this.#notices.filter((notice) => forgottenAt(notice) > now), ...notices]
    this.#revoked.forgetExpired(now)
    for (const notice of notices) this.#revoked.add(notice)
    const stored = notices.map((notice) => channel.publish(toStored(group, notice, now)))
    return Promise.all([...stored, ...notices.map((notice) => this.#say(notice))])
  }

  /** Whether this copy shall not start, as far as this leader and those before it have said. */
  isRevoked({ id, occurrence }: TaskMessage): boolean {
    return occurrence !== undefined && this.#revoked.isRevoked(id, occurrence.stamp)
  }

  /** Somebody listens who may have heard nothing. */
  answer(): void {
    this.#isAsked = true
    this.#answering ??= this.#answer()
  }

  async #answer(): Promise<void> {
    const { channel, clock } = this.#parts
    while (this.#isAsked && !channel.lost.aborted) {
      this.#isAsked = false
      const now = clock.now()
      this.#notices = this.#notices.filter((notice) => forgottenAt(notice) > now)
      for (const notice of this.#notices) void this.#say(notice)
      await clock.sleep(betweenAnswers, channel.lost)
    }
    this.#answering = undefined
  }

  #say(notice: RevocationNotice): Promise<PublishOutcome> {
    const { channel, clock } = this.#parts
    return channel.publish(encodeRequest(toRequest(notice), plus(clock.now(), staleAfter)))
  }
}

/** Together are those that are void together, as near as may be. */
function toNotices(revocations: readonly Revocation[], stamp: Stamp): RevocationNotice[] {
  const sorted = revocations.toSorted((a, b) => a.until - b.until)
  const notices: RevocationNotice[] = []
  for (let from = 0; from < sorted.length; from += mostIdsOfNotice) {
    const some = sorted.slice(from, from + mostIdsOfNotice)
    const until: Instant = some.at(-1)?.until ?? instant(0)
    notices.push({ ids: some.map(({ id }) => id), stamp, until })
  }
  return notices
}
