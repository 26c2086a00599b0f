/**
 * What we reach beside what the same broker gives to others: `npm run bench [-- NAME…] [--rounds N] [--count N]`.
 *
 * Machines differ, and one machine differs from hour to hour, so no figure counts by itself. In each round all
 * contestants do the same work on the same RabbitMQ, one after the other, each in processes of its own; what counts is
 * the ratio within a round, and the middle one of all rounds. RabbitMQ is started for this alone.
 *
 *     publish   messages, each confirmed, up to 1,000 in flight      beside bare amqplib
 *     emit      occurrences, by a term, as a beat emits them         beside bare amqplib
 *     work      tasks that do nothing, taken from a quorum queue     beside a bare amqplib consumer that acks each
 *     celery    the same                                             beside Celery's pools
 *     trip      one call after the other, each with its result       beside request and reply over bare amqplib
 */
import { parseArgs } from 'node:util'
import { RabbitmqNode } from '../test/support/rabbitmq-node.ts'
import { type Contest, hold, printTable } from './contest.ts'
import { emitting } from './emitting.ts'
import { publishing } from './publishing.ts'
import { roundTrip } from './round-trip.ts'
import { againstCelery, working } from './working.ts'

const contests: Readonly<Record<string, Contest>> = {
  publish: publishing,
  emit: emitting,
  work: working,
  celery: againstCelery,
  trip: roundTrip,
}

async function bench(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '5' }, count: { type: 'string', default: '20000' } },
  })
  const [rounds, count] = [values.rounds, values.count].map(Number)
  const names = positionals.length > 0 ? positionals : Object.keys(contests)
  if (names.some((name) => !(name in contests)) || !rounds || !count)
    throw new Error(`expected names among ${Object.keys(contests).join(', ')}, and whole numbers`)
  await using node = await RabbitmqNode.start()
  const openVhost = async (): Promise<string> =>
    `amqp://guest:guest@${node.host}:${node.port}/${await node.openVhost()}`
  for (const name of names) {
    const contest = contests[name]
    if (contest) printTable(contest, await hold(contest, { rounds, count, openVhost }))
  }
}

await bench()
