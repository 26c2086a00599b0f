import type { Term } from '../broker/term.ts'
import { type Instant, toIso } from '../core/instant.ts'
import { failureNotice } from '../task/failure-notice.ts'
import { describeMissedReason } from '../task/missed-words.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { MissedOccurrences } from './missed-by-edit.ts'
import type { Roster } from './roster.ts'

export interface NoticeParts {
  readonly roster: Roster
  readonly term: Pick<Term, 'namespace'>
  readonly host: string
  readonly now: Instant
}

/**
 * Word of what was missed, for the `on_failure` tasks of the entries concerned. They are emitted with the cursor that
 * leaves those occurrences behind, after they are recorded: so they are sent at least once, and the first that was
 * missed gives them their id, whoever sends them.
 */
export function missedNotices(
  missed: readonly MissedOccurrences[],
  { roster, term, host, now }: NoticeParts,
): TaskMessage[] {
  return missed.flatMap((each) => {
    const entry = roster.known.get(each.entry)?.entry
    if (!entry?.spec.onFailure) return []
    const { name, task, onFailure } = entry.spec
    const failure = {
      entry: name,
      task,
      id: entry.idOf(term.namespace, each.first),
      due: each.first,
      outcome: 'missed',
      error: describe(each),
      attempts: 0,
      host,
    } as const
    return [failureNotice(failure, onFailure, now)]
  })
}

function describe({ first, last, count, exact, reason }: MissedOccurrences): string {
  const many = `${exact ? '' : 'more than '}${count} occurrence${count === 1 ? '' : 's'}`
  const span = count === 1 ? '' : `, the last due ${toIso(last)}`
  return `missed ${many} from ${toIso(first)}${span}: ${describeMissedReason(reason)}`
}
