import { toSnakeCase } from '../core/snake-case.ts'
import type { AttemptRecord, MissedRecord, RunSummary } from '../journal/run.ts'
import type { HistoryItem } from './history.ts'
import { isoOrNull } from './local-time.ts'
import { outcomeWords } from './outcome-words.ts'

/** Of `runs`: what ran, or what was missed, which has no id and some keys more. `host` is the journal's. */
export function toHistoryJson(item: HistoryItem, host: string): unknown {
  return item.kind === 'run' ? toRunJson(item.run) : toMissedJson(item.missed, host)
}

function toRunJson({
  id,
  entry,
  task,
  due,
  started,
  finished,
  outcome,
  attempts,
  host,
}: RunSummary): unknown {
  return {
    id,
    entry: entry ?? null,
    task,
    due: isoOrNull(due),
    started: isoOrNull(started),
    finished: isoOrNull(finished),
    outcome: outcomeWords[outcome].json,
    attempts,
    host,
  }
}

function toMissedJson(
  { entry, task, first, last, count, exact, reason }: MissedRecord,
  host: string,
): unknown {
  return {
    id: null,
    entry,
    task,
    due: isoOrNull(last),
    started: null,
    finished: null,
    outcome: outcomeWords.missed.json,
    attempts: 0,
    host,
    first: isoOrNull(first),
    last: isoOrNull(last),
    count,
    exact,
    reason: toSnakeCase(reason),
  }
}

/** Of `show`, and of what was waited for: a run with every attempt and what it printed. */
export function toRunDetailsJson(attempts: readonly AttemptRecord[]): unknown {
  const last = attempts.at(-1)
  return {
    id: last?.id,
    entry: last?.entry ?? null,
    task: last?.task,
    queue: last?.queue,
    due: isoOrNull(last?.due),
    attempts: attempts.map(toAttemptJson),
  }
}

function toAttemptJson(record: AttemptRecord): unknown {
  const {
    attempt,
    started,
    finished,
    outcome,
    reason,
    exitCode,
    verdict,
    interruptions,
    earlier,
    host,
    pid,
    output,
  } = record
  return {
    attempt,
    started: isoOrNull(started),
    finished: isoOrNull(finished),
    outcome: outcomeWords[outcome].json,
    reason: reason ?? null,
    exit_code: exitCode ?? null,
    verdict: verdict === undefined ? null : toSnakeCase(verdict),
    interruptions,
    earlier_starts: earlier.map((start) => ({
      started: isoOrNull(start.started),
      finished: isoOrNull(start.finished),
      reason: start.reason ?? null,
      host: start.host,
      pid: start.pid,
    })),
    host,
    pid,
    output: output ? { head: output.head, tail: output.tail, omitted_bytes: output.omittedBytes } : null,
  }
}
