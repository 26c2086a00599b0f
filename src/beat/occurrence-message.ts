import type { Term } from '../broker/term.ts'
import { type Instant, plus } from '../core/instant.ts'
import type { Occurrence } from '../schedule/agenda.ts'
import type { EntrySpec } from '../schedule/entry-spec.ts'
import type { MessageOccurrence, TaskMessage } from '../task/task-message.ts'

/**
 * How many runs of an entry may wait for the one that executes: with `overlap:
 * queue`, and where each missed one counts.
 */
const waitLimit = 10
const waitLimitOfAll = 1_000

/** What travels for an occurrence. The same occurrence has the same id whoever emits it, and however often. */
export function occurrenceMessage(
  { entry, due }: Occurrence,
  term: Pick<Term, 'namespace' | 'stamp'>,
): TaskMessage {
  const startBy = entry.startByOf(due)
  return messageOf(entry.spec, {
    id: entry.idOf(term.namespace, due),
    eta: entry.etaOf(due),
    expires: entry.expiresOf(due),
    occurrence: {
      due,
      stamp: term.stamp,
      ...(startBy === undefined ? {} : { startBy }),
      replaceable: entry.replaceable(due),
    },
  })
}

/**
 * What travels when an entry is triggered by hand, though it be disabled: an occurrence beside those of the schedule,
 * due now, that waits among them, replaces none of them and is replaced by none.
 */
export function triggeredMessage(spec: EntrySpec, id: string, now: Instant): TaskMessage {
  return messageOf(spec, {
    id,
    eta: now,
    expires: spec.expires === undefined ? undefined : plus(now, spec.expires),
    occurrence: { due: now, stamp: { epoch: 0, seq: 0 }, replaceable: false },
  })
}

interface Particulars {
  readonly id: string
  readonly eta: Instant
  readonly expires: Instant | undefined
  readonly occurrence: Pick<MessageOccurrence, 'due' | 'stamp' | 'startBy' | 'replaceable'>
}

function messageOf(spec: EntrySpec, { id, eta, expires, occurrence }: Particulars): TaskMessage {
  return {
    id,
    task: spec.task,
    args: spec.args,
    kwargs: spec.kwargs,
    queue: spec.queue,
    priority: spec.priority,
    eta,
    attempt: 1,
    ...(expires === undefined ? {} : { expires }),
    occurrence: {
      entry: spec.name,
      overlap: spec.overlap,
      waitLimit: spec.missed === 'all' ? waitLimitOfAll : waitLimit,
      ...occurrence,
    },
  }
}
