import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Broker } from '../../src/broker/broker.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { openSqliteBroker } from '../../src/sqlite/sqlite-broker.ts'
import type { BrokerWorld } from '../contracts/broker-world.ts'
import type { TermWorld } from '../contracts/term-contract.ts'
import { startNode } from './child.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export const sqliteProcess: string = fileURLToPath(new URL('sqlite-process.ts', import.meta.url))

/** A connection to the embedded broker in this file, closed when the test has ended. */
export function connectSqlite(
  path: string,
  emit: (event: BrokerEvent) => void = () => {},
  clock: Clock = systemClock,
): Broker {
  const broker = openSqliteBroker({
    path,
    create: true,
    clock,
    host: 'here',
    pid: process.pid,
    emit,
  })
  onTestFinished(() => broker.close())
  return broker
}

/** The embedded broker in a directory of the test's own. */
export async function openSqliteWorld(): Promise<BrokerWorld & TermWorld> {
  const path = join(temporaryDirectory(), 'broker.db')
  return {
    connect: async (emit) => connectSqlite(path, emit),
    keepsOneCopy: true,
    ordersByPriority: true,
    countsAtOnce: true,
    holdInProcess: async ({ acknowledged } = { acknowledged: false }) => {
      const child = startNode(sqliteProcess, [acknowledged ? 'acknowledge' : 'hold', path])
      return { messageId: await child.line(), kill: () => child.kill() }
    },
    leadInProcess: async (message, cursor) => {
      const child = startNode(sqliteProcess, ['lead', path, JSON.stringify({ message, cursor })])
      await child.line()
      return { kill: () => child.kill() }
    },
  }
}
