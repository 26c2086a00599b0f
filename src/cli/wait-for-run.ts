import type { Clock } from '../core/clock.ts'
import { formatDuration } from '../core/duration.ts'
import { TaskbeatError } from '../core/errors.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { Journal } from '../journal/journal.ts'
import type { AttemptRecord } from '../journal/run.ts'
import { exitCode } from './exit-code.ts'

/** The journal is a file, and nobody calls when it changes. */
const lookEvery = milliseconds(100)

export interface Waiting {
  readonly clock: Clock
  /** How long at the most; without it as long as it takes. */
  readonly timeout?: Milliseconds | undefined
  /** Called with each attempt that has ended and that another follows. */
  readonly tell: (attempt: AttemptRecord) => void
}

/**
 * Waits until a run has ended for good, and resolves with its attempts. Rejects with RESULT_TIMEOUT when the time that
 * it is given has passed; the run goes on.
 */
export async function waitForRun(
  journal: Pick<Journal, 'attempts'>,
  id: string,
  { clock, timeout = milliseconds(Number.POSITIVE_INFINITY), tell }: Waiting,
): Promise<readonly AttemptRecord[]> {
  const end = clock.monotonic() + timeout
  const told = new Set<string>()
  for (;;) {
    const attempts = attemptsSoFar(journal, id)
    for (const attempt of attempts) {
      // What was interrupted comes again under the same number.
      const ending = `${attempt.attempt} ${attempt.finished}`
      if (!hasEnded(attempt) || told.has(ending)) continue
      if (!comesAgain(attempt)) return attempts
      told.add(ending)
      tell(attempt)
    }
    const left = end - clock.monotonic()
    if (left <= 0)
      throw new TaskbeatError(
        'RESULT_TIMEOUT',
        `${id} has not ended within ${formatDuration(timeout)}; it is left as it is`,
      )
    await clock.sleep(milliseconds(Math.min(lookEvery, left)))
  }
}

/** For the shell: 0, the command's own exit code, or 1 where there is none. */
export function exitCodeOfRun(attempts: readonly AttemptRecord[]): number {
  const last = attempts.at(-1)
  if (last?.outcome === 'succeeded') return exitCode.ok
  return last?.exitCode || exitCode.failed
}

/** None before a worker has taken it. */
function attemptsSoFar(journal: Pick<Journal, 'attempts'>, id: string): readonly AttemptRecord[] {
  try {
    return journal.attempts(id)
  } catch (error) {
    if (error instanceof TaskbeatError && error.code === 'NOT_FOUND') return []
    throw error
  }
}

/** An abandoned attempt is taken over by the next worker that there is. */
function hasEnded({ outcome }: AttemptRecord): boolean {
  return outcome !== 'running' && outcome !== 'abandoned'
}

function comesAgain({ verdict }: AttemptRecord): boolean {
  return verdict === 'retry' || verdict === 'release'
}
