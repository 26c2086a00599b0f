import { join } from 'node:path'
import type { Consumer } from '../../src/broker/broker.ts'
import type { Listener } from '../../src/broker/delivery.ts'
import type { Outcome } from '../../src/task/outcome.ts'
import { resultOf } from '../../src/task/run-result.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import type { Verdict } from '../../src/task/verdict.ts'
import { soon } from '../support/messages.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { writeJournal } from './journal-world.ts'

/** How an attempt ends, and what becomes of the message then. */
export type Answer = readonly [Outcome, Verdict?]

/** Takes messages as a worker does, and ends each attempt as the test says. */
export function standInWorker(
  stateDir: string,
  answer: (message: TaskMessage, listener: Listener | undefined) => Answer,
): Consumer {
  const { ran } = writeJournal(stateDir)
  return connectSqlite(join(stateDir, 'broker.db')).consume({
    queues: ['taskbeat'],
    slots: 1,
    deliver: async (delivery) => {
      const [outcome, verdict = { kind: 'ack' }] = answer(delivery.message, delivery.listener)
      await ran(delivery.message, outcome, { from: soon(-1_000), to: soon(0) }, verdict)
      const result = resultOf(outcome, verdict)
      await delivery.settle(verdict, result && { result, forgetAt: soon(60_000) })
    },
  })
}
