/** The public API: everything that an application or a task module may import from 'taskbeat'. */
export { defineTask, type Task, type TaskHandler, type TaskOptions } from './task/define-task.ts'
export { Permanent } from './task/permanent.ts'
export type { DurationText, RetryRequest, TaskContext, TaskLog } from './task/task-context.ts'
