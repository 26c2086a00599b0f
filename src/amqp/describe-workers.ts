import type { Instant } from '../core/instant.ts'
import type { AmqpConsumer } from './amqp-consumer.ts'
import type { ProcessStatus } from './process-status.ts'

/**
 * The workers of one process, by their consumers in the order of their coming. Those that have stopped and still execute
 * count for the one that replaced them.
 */
export function describeWorkers(
  consumers: ReadonlyMap<AmqpConsumer, Instant>,
  place: { readonly host: string; readonly pid: number },
): ProcessStatus['workers'] {
  const all = [...consumers.keys()]
  const successor = all.findLast(({ stopping }) => !stopping) ?? all.at(-1)
  const former = all.filter((consumer) => consumer !== successor && consumer.stopping)
  return all
    .filter((consumer) => !former.includes(consumer))
    .map((consumer) => {
      const parts = consumer === successor ? [...former, consumer] : [consumer]
      const { queues, slots, concurrency = slots, executing } = consumer.intake
      const unsettled = parts.reduce((sum, { running }) => sum + running, 0)
      return {
        instance: consumer.instance,
        host: place.host,
        pid: place.pid,
        since: consumers.get(parts[0] ?? consumer) as Instant,
        queues,
        awaits: consumer.awaits,
        slots: concurrency,
        running: executing?.() ?? Math.min(unsettled, concurrency),
        held: parts.flatMap(({ held }) => held),
      }
    })
}
