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
