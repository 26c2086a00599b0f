import type { DeadLetter } from '../broker/dead-letters.ts'
import { hashText } from '../core/hash-text.ts'
import { type Instant, instant } from '../core/instant.ts'
import { claimedId, decodeTask } from './codec.ts'
import { deadAtHeader, deadReasonHeader } from './codec-forward.ts'
import type { Incoming } from './session.ts'

/** What lies in the queue of dead letters of this queue, in words: ours, or put there by the broker. */
export function toDeadLetter(incoming: Incoming, queue: string, now: Instant): DeadLetter {
  const death = firstDeath(incoming.headers)
  const at = readAt(incoming.headers, death) ?? now
  const base = { id: letterId(incoming), queue, at, reason: readReason(incoming.headers, death) }
  const message = decodeTask(incoming, { queue, now: at })
  return 'problem' in message
    ? { ...base, message: undefined, raw: incoming.body.toString('utf8') }
    : { ...base, message }
}

/** Whatever it is, it can be named: by what it claims, or by its content. */
export function letterId(incoming: Incoming): string {
  return claimedId(incoming) ?? `unknown-${hashText(incoming.body.toString('latin1')).slice(0, 12)}`
}

type Headers = Incoming['headers']

/** What the broker noted when it set the message aside itself: the newest of its notes is the first. */
function firstDeath(headers: Headers): Headers | undefined {
  const deaths = headers['x-death']
  const death: unknown = Array.isArray(deaths) ? deaths[0] : undefined
  return typeof death === 'object' && death !== null ? (death as Headers) : undefined
}

function readReason(headers: Headers, death: Headers | undefined): string {
  const said = headers[deadReasonHeader]
  if (typeof said === 'string' && said !== '') return said.slice(0, 2_000)
  if (!death) return 'nothing says why'
  const from = typeof death.queue === 'string' ? `queue ${death.queue}` : 'its queue'
  switch (death.reason) {
    case 'delivery_limit':
      return `delivery_limit: the broker handed it out again and again from ${from}, and nobody settled it; whoever took it may have died of it`
    case 'expired':
      return `expired: the broker removed it from ${from} when its time was over`
    case 'maxlen':
      return `maxlen: ${from} was full`
    case 'rejected':
      return `rejected: a consumer of ${from} refused it`
    default:
      return 'the broker set it aside and does not say why'
  }
}

function readAt(headers: Headers, death: Headers | undefined): Instant | undefined {
  const said = headers[deadAtHeader]
  if (isInstant(said)) return instant(said)
  const time: unknown = death?.time
  const seconds = typeof time === 'object' && time !== null && 'value' in time ? time.value : time
  return typeof seconds === 'number' && isInstant(seconds * 1_000) ? instant(seconds * 1_000) : undefined
}

function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 253_402_300_800_000
}
