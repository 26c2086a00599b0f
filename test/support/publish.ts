import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { openSqliteBroker } from '../../src/sqlite/sqlite-broker.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import type { World } from './world.ts'

/** Sends messages to the worker of a world, by the embedded broker, which has to be there. */
export async function publish(world: World, messages: readonly TaskMessage[]): Promise<void> {
  const path = join(world.stateDir, 'broker.db')
  const here = { clock: systemClock, host: 'test', pid: process.pid, emit: () => {} }
  const broker = openSqliteBroker({ path, create: false, ...here })
  try {
    await broker.publish(messages)
  } finally {
    await broker.close()
  }
}
