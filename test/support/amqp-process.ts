// A process that holds messages, or leads a group, until it is killed.
// Its arguments: what to do, the broker's URL, and a JSON value.
import { openAmqpBroker } from '../../src/amqp/amqp-broker.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { amqpOptions } from './amqp-options.ts'

const [what, url = '', text = 'null'] = process.argv.slice(2)
const input = JSON.parse(text)
const broker = openAmqpBroker(
  amqpOptions(url, {
    host: 'elsewhere',
    ...(input?.consumerTimeoutMs ? { consumerTimeout: milliseconds(input.consumerTimeoutMs) } : {}),
  }),
)

async function act(): Promise<void> {
  switch (what) {
    case 'hold':
      broker.consume({
        queues: ['taskbeat'],
        slots: input?.slots ?? 1,
        deliver: ({ message, veto }) => console.log(veto ? `veto ${message.id}` : message.id),
      })
      break
    case 'acknowledge':
      broker.consume({
        queues: ['taskbeat'],
        slots: 1,
        deliver: ({ message, acknowledge }) => void acknowledge().then(() => console.log(message.id)),
      })
      break
    case 'lead': {
      const candidate = { group: 'main', host: 'elsewhere', pid: process.pid, scheduleHash: 'aaaa' }
      const term = await broker.lead(candidate, new AbortController().signal)
      await term.emit({ messages: [input.message], replacements: [], revocations: [], cursor: input.cursor })
      console.log('leads')
      break
    }
    default:
      throw new Error(`what is ${what}?`)
  }
}

await act()
setInterval(() => {}, 60_000)
