import type { Address } from '../config/amqp-url.ts'

export type { Address }

/** `host:port`, for people; an IPv6 address in brackets. */
export function placeOf({ host, port }: Pick<Address, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
