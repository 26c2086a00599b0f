// A worker with its guard, on the embedded broker and journal of a directory, until it is killed.
// Its arguments: the directory, the script of its task, and how that is delivered. It prints what the task prints.
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { openSqliteBroker } from '../../src/sqlite/sqlite-broker.ts'
import { openSqliteJournal } from '../../src/sqlite/sqlite-journal.ts'
import { openGuard } from '../../src/system/guard.ts'
import { CommandExecutor } from '../../src/worker/executors/command-executor.ts'
import { InlineExecutor } from '../../src/worker/executors/inline-executor.ts'
import { Worker } from '../../src/worker/worker.ts'
import { aScript, registryOf } from '../support/tasks.ts'

const [directory = '', script = '', delivery] = process.argv.slice(2)
const clock = systemClock
const here = { create: true, host: 'here', pid: process.pid }
const guard = openGuard({ onLost: () => {} })
const neverAsked = (): never => {
  throw new Error('its task is a script')
}
const worker = new Worker({
  broker: openSqliteBroker({ ...here, path: join(directory, 'broker.db'), clock, emit: () => {} }),
  journal: openSqliteJournal({ ...here, path: join(directory, 'journal.db') }),
  executors: {
    command: new CommandExecutor({ clock, guard, environment: process.env }),
    inline: new InlineExecutor({ clock }),
    thread: { run: neverAsked },
    process: { run: neverAsked },
  },
  guard,
  host: 'here',
  clock,
  random: Math.random,
  emit: (event) => event.kind === 'outputLine' && console.log(event.line),
  refresh: async () => {},
  registry: registryOf(aScript(script, delivery === 'at_most_once' ? { delivery } : {})),
  queues: ['taskbeat'],
  concurrency: 1,
  grace: milliseconds(60_000),
})
await worker.start()
