import type { LinkEvent } from '../broker/broker-event.ts'
import { describeDuration } from '../core/duration.ts'
import { describeError } from '../core/errors.ts'
import { milliseconds } from '../core/instant.ts'
import type { Line } from './line.ts'

export function narrateLink(event: LinkEvent): Line {
  const fields = { link: event.link, place: event.place }
  switch (event.kind) {
    case 'linkOpened':
      return { level: 'info', message: `connected to ${event.place} (${event.link})`, fields }
    case 'linkFailed':
      return {
        level: event.isNews ? 'error' : 'debug',
        message: `cannot connect (${event.link}): ${describeError(event.error)}; trying again in ${describeDuration(milliseconds(event.nextInMs))}`,
        fields: { ...fields, failures: event.failures },
      }
    case 'linkLost':
      return {
        level: 'warn',
        message: `connection to ${event.place} lost (${event.link}): ${describeError(event.error)}`,
        fields,
      }
    case 'linkBlocked':
      return {
        level: 'warn',
        message: `${event.place} takes nothing for now (${event.link}): ${event.reason}`,
        fields,
      }
    case 'linkUnblocked':
      return {
        // What waited for it was late by as much.
        level: 'warn',
        message: `${event.place} takes messages again (${event.link}) after ${describeDuration(milliseconds(event.lastedMs))}`,
        fields: { ...fields, lasted_ms: event.lastedMs },
      }
  }
}
