// A process that holds a message, leads a group, or runs a claim until it is killed.
// Its arguments: what to do, the database's path, and a JSON value.
import { systemClock } from '../../src/core/clock.ts'
import { instant } from '../../src/core/instant.ts'
import { openSqliteBroker } from '../../src/sqlite/sqlite-broker.ts'
import { openSqliteJournal } from '../../src/sqlite/sqlite-journal.ts'

const [what, path = '', text = 'null'] = process.argv.slice(2)
const input = JSON.parse(text)
const common = { path, create: true, host: 'elsewhere', pid: process.pid }

function broker() {
  return openSqliteBroker({ ...common, clock: systemClock, emit: () => {} })
}

async function act(): Promise<void> {
  switch (what) {
    case 'hold':
      broker().consume({
        queues: ['taskbeat'],
        slots: 1,
        deliver: ({ message }) => console.log(message.id),
      })
      break
    case 'acknowledge':
      broker().consume({
        queues: ['taskbeat'],
        slots: 1,
        deliver: ({ message, acknowledge }) => void acknowledge().then(() => console.log(message.id)),
      })
      break
    case 'lead': {
      const term = await broker().lead(
        { group: 'main', host: 'elsewhere', pid: process.pid, scheduleHash: 'aaaa' },
        new AbortController().signal,
      )
      await term.emit({ messages: [input.message], replacements: [], revocations: [], cursor: input.cursor })
      console.log('leads')
      break
    }
    case 'claim':
    case 'claim-once': {
      const once = what === 'claim-once'
      const claim = await openSqliteJournal(common).claim({ message: input, now: instant(Date.now()), once })
      console.log(claim.kind)
      break
    }
    default:
      throw new Error(`what is ${what}?`)
  }
}

await act()
setInterval(() => {}, 60_000)
