import { forgetOldest } from '../core/forget-oldest.ts'
import { type Instant, instant, milliseconds, plus } from '../core/instant.ts'
import { isUuid } from '../core/uuid.ts'
import type { Stamp } from '../task/task-message.ts'
import type { ControlRequest } from './control.ts'

/** What a leader tells all workers: copies of these occurrences from before this stamp shall not start any more. */
export interface RevocationNotice {
  readonly ids: readonly string[]
  readonly stamp: Stamp
  /** From then on none of them would start by itself. */
  readonly until: Instant
}

/** Clocks of hosts differ by less: for so long after its end a notice is still kept. */
const clockDifference = milliseconds(60_000)

/** When a notice is of no use to any host, whatever its clock says. */
export function forgottenAt({ until }: RevocationNotice): Instant {
  return plus(until, clockDifference)
}

/** Ids in one notice, so that it stays far below the largest frame. */
export const mostIdsOfNotice = 1_000
const mostRemembered = 100_000
const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** The control method that carries a notice. */
export const revocationMethod = 'taskbeat.revoke'
/** The control method with which who has begun to listen asks all leaders to tell what is revoked. */
export const revokedMethod = 'taskbeat.revoked'

/**
 * What one worker has heard of revocations. They are told again, so hearing one again changes nothing; and it is
 * bounded, because everybody who reaches the control exchange can send one: the longest remembered go first.
 */
export class Revocations {
  readonly #known = new Map<string, { readonly stamp: Stamp; readonly until: Instant }>()

  get size(): number {
    return this.#known.size
  }

  add({ ids, stamp, until }: RevocationNotice): void {
    for (const id of ids) {
      const known = this.#known.get(id)
      if (known && compareStamps(known.stamp, stamp) >= 0) continue
      this.#known.delete(id)
      this.#known.set(id, { stamp, until })
    }
    forgetOldest(this.#known, mostRemembered)
  }

  /** Whether a copy with this stamp shall not start. An occurrence that was removed and added again has a later one. */
  isRevoked(id: string, stamp: Stamp): boolean {
    const known = this.#known.get(id)
    return known !== undefined && compareStamps(stamp, known.stamp) < 0
  }

  forgetExpired(now: Instant): void {
    for (const [id, { until }] of this.#known) if (until <= now) this.#known.delete(id)
  }
}

/** Negative when `a` is the earlier one. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.epoch - b.epoch || a.seq - b.seq
}

/** What is said over the control exchange. */
export function toRequest({ ids, stamp, until }: RevocationNotice): ControlRequest {
  return { method: revocationMethod, arguments: { ids, ...stamp, until } }
}

/** The arguments of the method, as they came. Undefined when they are no notice. */
export function readRevocations(args: Readonly<Record<string, unknown>>): RevocationNotice | undefined {
  const own = (key: string): unknown => (Object.hasOwn(args, key) ? args[key] : undefined)
  const [ids, epoch, seq, until] = ['ids', 'epoch', 'seq', 'until'].map(own)
  if (!Array.isArray(ids) || ids.length > mostIdsOfNotice) return undefined
  if (!ids.every((id): id is string => typeof id === 'string' && isUuid(id))) return undefined
  if (!isCount(epoch) || !isCount(seq) || !isCount(until) || until > lastInstant) return undefined
  return { ids, stamp: { epoch, seq }, until: instant(until) }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
