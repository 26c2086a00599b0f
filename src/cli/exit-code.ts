import { type ErrorCode, TaskbeatError } from '../core/errors.ts'

/** How a command ends, for the shell: 78 is EX_CONFIG of sysexits(3), which the units do not restart after. */
export const exitCode: {
  readonly ok: 0
  readonly failed: 1
  readonly usage: 2
  readonly configuration: 78
} = { ok: 0, failed: 1, usage: 2, configuration: 78 }

/** Whoever names what does not exist, an entry, a task, a run, has called it wrongly. */
const misnamed: readonly ErrorCode[] = ['USAGE', 'NOT_FOUND', 'TASK_UNDEFINED']

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof TaskbeatError)) return exitCode.failed
  if (error.code === 'CONFIG_INVALID') return exitCode.configuration
  return misnamed.includes(error.code) ? exitCode.usage : exitCode.failed
}
