/**
 * The public API: everything that an application or a task module may import from 'taskbeat'.
 *
 * What opens a broker is imported when it is first used: a worker loads this file for each thread that runs tasks.
 */
import type { App } from './client/app.ts'
import { provideDefaultApp } from './task/default-app.ts'

export type { App } from './client/app.ts'
export { BatchFailed, type RefusedCall } from './client/batch-failed.ts'
export { TaskFailed } from './client/task-failed.ts'
export { type ErrorCode, TaskbeatError } from './core/errors.ts'
export {
  defineTask,
  type RetryOptions,
  type Task,
  type TaskHandler,
  type TaskOptions,
} from './task/define-task.ts'
export type { OutcomeKind } from './task/outcome.ts'
export { Permanent } from './task/permanent.ts'
export type { CancelAnswer, CancelOptions, ResultOptions, Run, RunStatus, SendOptions } from './task/run.ts'
export type { DurationText, RetryRequest, TaskContext, TaskLog } from './task/task-context.ts'

/**
 * Connects an application to the broker: `amqp://USER@HOST/VHOST`, `sqlite:PATH`, or, without a URL, the broker of the
 * configuration as the commands find it ($TASKBEAT_CONFIG, ./schedules.yaml, /etc/taskbeat/schedules.yaml).
 *
 * @example
 * await using app = await connect('amqp://localhost')
 * const run = await app.send(add, [4, 4])
 * console.log(await run.result({ timeout: '30s' }))
 * @throws TaskbeatError BROKER_UNAVAILABLE when there is no connection after 5 s, STATE_UNUSABLE, CONFIG_INVALID, USAGE
 */
export async function connect<Module = unknown>(url?: string): Promise<App<Module>> {
  const { connectApp } = await import('./app/connect.ts')
  return (await connectApp(url)) as unknown as App<Module>
}

provideDefaultApp(async () => {
  const { openDefaultApp } = await import('./app/default-app.ts')
  return openDefaultApp()
})
