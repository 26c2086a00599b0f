import { formatDuration } from '../core/duration.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { WrittenEntry } from './read-entry.ts'
import { lengthOf, type WrittenTask } from './read-task.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Warns of lengths that do not fit into the time until the entry is due again. A timeout under `defaults` is a last
 * resort for whatever hangs, a retry there the rule for most: they tell nothing about this entry.
 */
export function warnOfLengths(entry: WrittenEntry, period: Milliseconds, around: Surroundings): void {
  const { spec, given, ownTask, at } = entry
  const every = `due every ${formatDuration(period)}`
  const jitter = given.jitter ?? around.defaults.jitter
  if (jitter && jitter.value >= period)
    jitter.at.warning(
      `a jitter of ${formatDuration(jitter.value)} moves starts past the next of what is ${every}`,
    )
  const { timeout, delay } = limitsOf(ownTask ?? around.tasks.get(spec.task))
  if (timeout !== undefined && timeout > period && spec.overlap !== 'allow')
    at.warning(`its task may take ${formatDuration(timeout)}, and it is ${every}`)
  if (delay !== undefined && delay >= period)
    at.warning(`its task is tried again after ${formatDuration(delay)}, and it is ${every}`)
}

function limitsOf(task: WrittenTask | undefined): {
  readonly timeout: Milliseconds | undefined
  readonly delay: Milliseconds | undefined
} {
  const retry = task?.given.retry?.value
  return {
    timeout: lengthOf(task?.given.timeout?.value),
    delay:
      retry && retry.max > 0
        ? milliseconds(Math.min(retry.backoff.firstMs, retry.backoff.longestMs))
        : undefined,
  }
}
