import type { Instant } from '../core/instant.ts'

/** What a broker has to tell beyond the answers that it gives. */
export type BrokerEvent =
  | { readonly kind: 'brokerFailed'; readonly operation: string; readonly error: unknown }
  | { readonly kind: 'brokerRecovered'; readonly since: Instant }
  | {
      readonly kind: 'messageUndecodable'
      readonly id: string
      readonly queue: string
      readonly reason: string
    }
  | { readonly kind: 'claimsFreed'; readonly instance: string; readonly count: number }
  | { readonly kind: 'deadLettersRemoved'; readonly count: number }
  | { readonly kind: 'wakeUpsUnavailable'; readonly error: unknown }
  /** A queue does not take what is due there: it waits, or is missed. Told once until it takes it again. */
  | { readonly kind: 'queueTookNothing'; readonly queue: string; readonly reason: string }
  /** It takes it again, and was sent so many that had waited. */
  | { readonly kind: 'queueTookAgain'; readonly queue: string; readonly sent: number }
  /** A worker is to take from a queue of others that does not exist: it does so once there is one. */
  | { readonly kind: 'queueAwaited'; readonly queue: string }
  | { readonly kind: 'queueFound'; readonly queue: string }
  | LinkEvent

/** About a connection to a broker that is somewhere else; `place` is `host:port`. */
export type LinkEvent =
  | { readonly kind: 'linkOpened'; readonly link: string; readonly place: string }
  | {
      readonly kind: 'linkFailed'
      readonly link: string
      readonly place: string
      readonly error: unknown
      /** How many in a row have failed, from 1. */
      readonly failures: number
      /** The first of the row at this place, or for another reason than the one before it. */
      readonly isNews: boolean
      readonly nextInMs: number
    }
  | { readonly kind: 'linkLost'; readonly link: string; readonly place: string; readonly error: unknown }
  | { readonly kind: 'linkBlocked'; readonly link: string; readonly place: string; readonly reason: string }
  | {
      readonly kind: 'linkUnblocked'
      readonly link: string
      readonly place: string
      /** For so long it took nothing. */
      readonly lastedMs: number
    }
