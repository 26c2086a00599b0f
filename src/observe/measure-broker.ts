import type { BrokerEvent } from '../broker/broker-event.ts'
import type { Count, Instruments, Level } from './instruments.ts'

/** What the events of a broker come to in figures. */
export class BrokerMeasures {
  readonly #links: Level
  readonly #blocked: Level
  readonly #losses: Count
  readonly #failing: Level
  readonly #takesNothing: Level
  readonly #undecodable: Count
  readonly #freed: Count
  readonly #removed: Count

  constructor(instruments: Instruments) {
    this.#links = instruments.level({
      name: 'link_up',
      help: 'RabbitMQ: 1 while this connection stands.',
      labels: ['link'],
    })
    this.#blocked = instruments.level({
      name: 'link_blocked',
      help: 'RabbitMQ: 1 while it takes nothing on this connection, by an alarm.',
      labels: ['link'],
    })
    this.#losses = instruments.count({
      name: 'links_lost_total',
      help: 'RabbitMQ: connections that stood and were lost.',
      labels: ['link'],
    })
    this.#failing = instruments.level({
      name: 'broker_failing',
      help: '1 while something that the broker was asked for does not work.',
    })
    this.#takesNothing = instruments.level({
      name: 'queue_takes_nothing',
      help: 'RabbitMQ: 1 while a queue is full, or is of others and not there, and what is due there waits.',
      labels: ['queue'],
    })
    this.#undecodable = instruments.count({
      name: 'messages_undecodable_total',
      help: 'Messages that could not be read and were set aside.',
    })
    this.#freed = instruments.count({
      name: 'messages_freed_total',
      help: 'Messages that a worker held when it died, seen by this process.',
    })
    this.#removed = instruments.count({
      name: 'dead_letters_removed_total',
      help: 'Dead letters that were removed because there were too many, or they were too old.',
    })
  }

  note(event: BrokerEvent): void {
    switch (event.kind) {
      case 'linkOpened':
        this.#blocked.set(0, { link: purposeOf(event.link) })
        this.#links.set(1, { link: purposeOf(event.link) })
        break
      case 'linkLost':
        this.#losses.add({ link: purposeOf(event.link) })
        this.#links.set(0, { link: purposeOf(event.link) })
        break
      case 'linkFailed':
        this.#links.set(0, { link: purposeOf(event.link) })
        break
      case 'linkBlocked':
        this.#blocked.set(1, { link: purposeOf(event.link) })
        break
      case 'linkUnblocked':
        this.#blocked.set(0, { link: purposeOf(event.link) })
        break
      case 'brokerFailed':
        this.#failing.set(1)
        break
      case 'brokerRecovered':
        this.#failing.set(0)
        break
      case 'messageUndecodable':
        this.#undecodable.add()
        break
      case 'claimsFreed':
        this.#freed.add({}, event.count)
        break
      case 'deadLettersRemoved':
        this.#removed.add({}, event.count)
        break
      case 'queueTookNothing':
        this.#takesNothing.set(1, { queue: event.queue })
        break
      case 'queueTookAgain':
        this.#takesNothing.set(0, { queue: event.queue })
        break
      case 'wakeUpsUnavailable':
      case 'queueAwaited':
      case 'queueFound':
        break
      default:
        event satisfies never
    }
  }
}

/**
 * `taskbeat lead (oak, 4711)` is called by what it is for: with the process
 * in it, each restart would make new series.
 */
function purposeOf(link: string): string {
  return /^taskbeat (\S+) \(/.exec(link)?.[1] ?? link
}
