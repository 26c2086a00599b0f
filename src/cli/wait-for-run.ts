import type { Clock } from '../core/clock.ts'
import { formatDuration } from '../core/duration.ts'
import { TaskbeatError } from '../core/errors.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { Journal } from '../journal/journal.ts'
import type { AttemptRecord } from '../journal/run.ts'
import type { RunResult } from '../task/run-result.ts'
import { exitCode } from './exit-code.ts'

/** The journal is a file, and nobody calls when it changes. */
const lookEvery = milliseconds(100)

export interface Waiting {
  readonly clock: Clock
  /** Waits for what is told to senders, wherever it runs. */
  readonly result: (signal: AbortSignal) => Promise<RunResult>
  /** How long at the most; without it as long as it takes. */
  readonly timeout?: Milliseconds | undefined
  /** Resolves when all is told that an attempt has printed, or no more is to be expected: the result was told. */
  readonly printed: (attempt: AttemptRecord, told: AbortSignal) => Promise<void>
}

/** All that this host's journal has of it; or its result alone, when another host's or nobody's has it. */
export type EndOfRun = { readonly attempts: readonly AttemptRecord[] } | { readonly result: RunResult }

/** What this host's journal, where it has one, has of a run. */
export class AttemptsOfRun {
  readonly #journal: Pick<Journal, 'attempts'> | undefined
  readonly #tell: (attempt: AttemptRecord) => void
  readonly #told = new Set<string>()
  readonly id: string

  /** `tell` is called once with each attempt that has ended and that another follows. */
  constructor(
    journal: Pick<Journal, 'attempts'> | undefined,
    id: string,
    tell: (attempt: AttemptRecord) => void,
  ) {
    this.#journal = journal
    this.id = id
    this.#tell = tell
  }

  /** None before a worker has taken it. */
  read(): readonly AttemptRecord[] {
    try {
      return this.#journal?.attempts(this.id) ?? []
    } catch (error) {
      if (error instanceof TaskbeatError && error.code === 'NOT_FOUND') return []
      throw error
    }
  }

  /** Whether it has ended, and nobody was told. */
  isNews(attempt: AttemptRecord): boolean {
    return hasEnded(attempt) && !this.#told.has(nameOf(attempt))
  }

  /** Tells of those that others follow. */
  tell(attempts: readonly AttemptRecord[] = this.read()): void {
    for (const attempt of attempts) {
      if (!this.isNews(attempt) || !comesAgain(attempt)) continue
      this.#told.add(nameOf(attempt))
      this.#tell(attempt)
    }
  }
}

/**
 * Waits until a run has ended for good. Rejects with RESULT_TIMEOUT when the time that it is given has passed; the run
 * goes on.
 */
export async function waitForRun(
  run: AttemptsOfRun,
  { clock, timeout = milliseconds(Number.POSITIVE_INFINITY), result, printed }: Waiting,
): Promise<EndOfRun> {
  const end = clock.monotonic() + timeout
  const heard = new AbortController()
  const over = new AbortController()
  const telling = result(over.signal)
  let isRefused = false
  telling.then(
    () => heard.abort(),
    () => {
      isRefused = true
    },
  )
  try {
    for (;;) {
      const isTold = heard.signal.aborted // it was recorded before it was told
      const attempts = run.read()
      for (const attempt of attempts) {
        if (!run.isNews(attempt)) continue
        await printed(attempt, heard.signal)
        run.tell(attempts)
        if (!comesAgain(attempt)) return { attempts }
      }
      // Without a result, what runs here is still told by the journal.
      if (isTold || (isRefused && attempts.length === 0)) return { result: await telling }
      const left = end - clock.monotonic()
      if (left <= 0)
        throw new TaskbeatError(
          'RESULT_TIMEOUT',
          `${run.id} has not ended within ${formatDuration(timeout)}; it is left as it is`,
        )
      await clock.sleep(milliseconds(Math.min(lookEvery, left)), heard.signal)
    }
  } finally {
    over.abort()
  }
}

/** For the shell: 0, the command's own exit code, or 1 where there is none. */
export function exitCodeOfRun(ending: EndOfRun): number {
  const last = 'result' in ending ? ending.result : ending.attempts.at(-1)
  if (last?.outcome === 'succeeded') return exitCode.ok
  return last?.exitCode || exitCode.failed
}

/** What was interrupted comes again under the same number. */
function nameOf({ attempt, finished }: AttemptRecord): string {
  return `${attempt} ${finished}`
}

/** An abandoned attempt is taken over by the next worker that there is. */
function hasEnded({ outcome }: AttemptRecord): boolean {
  return outcome !== 'running' && outcome !== 'abandoned'
}

function comesAgain({ verdict }: AttemptRecord): boolean {
  return verdict === 'retry' || verdict === 'release'
}
