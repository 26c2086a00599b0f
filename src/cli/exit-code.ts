import { type ErrorCode, TaskbeatError } from '../core/errors.ts'

/**
 * How a command ends, for the shell: 78 is EX_CONFIG of sysexits(3), which the
 * units do not restart after; 124 is timeout(1)'s.
 */
export const exitCode: {
  readonly ok: 0
  readonly failed: 1
  readonly usage: 2
  readonly configuration: 78
  readonly timedOut: 124
} = { ok: 0, failed: 1, usage: 2, configuration: 78, timedOut: 124 }

/** Whoever names what does not exist, an entry, a task, a run, has called it wrongly. */
const misnamed: readonly ErrorCode[] = ['USAGE', 'NOT_FOUND', 'TASK_UNDEFINED']

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof TaskbeatError)) return exitCode.failed
  if (error.code === 'CONFIG_INVALID') return exitCode.configuration
  if (error.code === 'RESULT_TIMEOUT') return exitCode.timedOut
  return misnamed.includes(error.code) ? exitCode.usage : exitCode.failed
}
