import type { BrokerEvent } from '../broker/broker-event.ts'
import { describeError } from '../core/errors.ts'
import type { Line } from './line.ts'
import { narrateLink } from './narrate-link.ts'

export function narrateBroker(event: BrokerEvent): Line {
  switch (event.kind) {
    case 'brokerFailed':
      return {
        level: 'error',
        message: `the broker could not ${event.operation}: ${describeError(event.error)}`,
        fields: {},
      }
    case 'brokerRecovered':
      return { level: 'info', message: 'the broker works again', fields: {} }
    case 'messageUndecodable':
      return {
        level: 'error',
        message: `a message in ${event.queue} cannot be decoded and was set aside: ${event.reason}`,
        fields: { id: event.id, queue: event.queue },
      }
    case 'claimsFreed':
      return {
        level: 'warn',
        message: `a worker has died; ${event.count === 1 ? 'the message' : `the ${event.count} messages`} it held will run again`,
        fields: { instance: event.instance, count: event.count },
      }
    case 'deadLettersRemoved':
      return {
        level: 'warn',
        message: `${event.count} of the oldest dead letters were removed: too many or too old`,
        fields: { count: event.count },
      }
    case 'wakeUpsUnavailable':
      return {
        level: 'warn',
        message: `the kernel cannot wake this worker, so it looks ten times a second: ${describeError(event.error)}`,
        fields: {},
      }
    case 'queueTookNothing':
      return {
        level: 'warn',
        message: `queue ${event.queue} ${event.reason}: what is due there waits for it while it may start`,
        fields: { queue: event.queue },
      }
    case 'queueTookAgain':
      return {
        level: 'info',
        message: `queue ${event.queue} takes what is due there${event.sent > 0 ? `, and was sent the ${event.sent} that had waited` : ''}`,
        fields: { queue: event.queue, sent: event.sent },
      }
    case 'queueAwaited':
      return {
        level: 'warn',
        message: `queue ${event.queue} is declared by others, and does not exist: this worker takes from it once it does`,
        fields: { queue: event.queue },
      }
    case 'queueFound':
      return {
        level: 'info',
        message: `queue ${event.queue} is there, and this worker takes from it`,
        fields: { queue: event.queue },
      }
    default:
      return narrateLink(event)
  }
}
