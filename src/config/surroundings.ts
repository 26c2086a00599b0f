import type { DefaultValues } from './entry-keys.ts'
import type { WrittenTask } from './read-task.ts'
import type { Values } from './section.ts'
import type { BrokerSettings } from './settings.ts'
import type { ModuleTasks } from './unknown-task.ts'

/** What an entry is read against. */
export interface Surroundings {
  readonly timezone: string
  /** Whether the file says which zone it means, for all. */
  readonly saysTimezone: boolean
  readonly defaults: Values<DefaultValues>
  readonly tasks: ReadonlyMap<string, WrittenTask>
  readonly moduleTasks: ModuleTasks
  /** The queues that the file's workers take from, where it says so. */
  readonly queues: readonly string[] | undefined
  readonly broker: BrokerSettings['kind']
  /** Queues of RabbitMQ that others declare. */
  readonly foreignQueues: ReadonlySet<string>
}
