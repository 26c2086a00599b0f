import type { Task } from '../task/define-task.ts'
export interface ModuleTask {
  readonly task: Task
  readonly file: string
}
export interface ModuleProblem {
  readonly file: string
  readonly reason: string
}
