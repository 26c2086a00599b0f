import { describeDuration } from '../core/duration.ts'
import { between, type Instant } from '../core/instant.ts'
import type { MissedRecord, RunSummary } from '../journal/run.ts'
import { describeMissedReason } from '../task/missed-words.ts'
import type { HistoryItem } from './history.ts'
import { localTime, nameOfOther } from './local-time.ts'
import { outcomeWords } from './outcome-words.ts'
import type { Cell } from './terminal.ts'

/** The times are of this zone, which is named where it is not the machine's. */
export function historyHeadings(timezone: string): readonly string[] {
  const zone = nameOfOther(timezone).trim()
  const due = zone === '' ? 'due' : `due (${zone})`
  return [due, 'late', 'what', 'outcome', 'duration', 'attempts', 'id', 'reason']
}

/** One line of `runs`. */
export function toHistoryRow(item: HistoryItem, timezone: string, now: Instant): readonly Cell[] {
  if (item.kind === 'missed') {
    const { missed } = item
    const last = localTime(missed.last, timezone)
    return [last, '', missed.entry, outcomeWords.missed, '', '', '', describeMissed(missed, timezone)]
  }
  const { run } = item
  return [
    // Who was sent by hand is due when it starts.
    localTime(run.due ?? run.started ?? item.at, timezone),
    latenessOf(run),
    nameOf(run),
    outcomeWords[run.outcome],
    durationOf(run, now),
    String(run.attempts),
    run.id.slice(0, 8),
    run.reason ?? '',
  ]
}

/** How long after it was due it started. */
function latenessOf({ due, started }: RunSummary): string {
  return due === undefined || started === undefined ? '' : describeDuration(between(due, started))
}

/** The entry, and the task that it called where that has another name. */
function nameOf({ entry, task }: RunSummary): string {
  if (entry === undefined) return task
  return entry === task ? entry : `${entry} (${task})`
}

/** From the start of the first attempt to the end of the last one, or to now. */
export function durationOf({ started, finished, outcome }: RunSummary, now: Instant): string {
  if (started === undefined) return ''
  if (finished !== undefined) return describeDuration(between(started, finished))
  return outcome === 'running' ? `${describeDuration(between(started, now))} so far` : ''
}

/** `3 occurrences from … to …: a later one stood for them` */
function describeMissed({ first, count, exact, reason }: MissedRecord, timezone: string): string {
  const many = `${exact ? '' : 'more than '}${count.toLocaleString('en')} occurrence${count === 1 ? '' : 's'}`
  const since = count === 1 ? '' : ` since ${localTime(first, timezone)}`
  return `${many}${since}: ${describeMissedReason(reason)}`
}
