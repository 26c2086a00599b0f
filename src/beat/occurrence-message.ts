import type { Term } from '../broker/term.ts'
import type { Occurrence } from '../schedule/agenda.ts'
import type { TaskMessage } from '../task/task-message.ts'

/** How many runs of an entry may wait for the one that executes: with `overlap: queue`, and where each missed one counts. */
const waitLimit = 10
const waitLimitOfAll = 1_000

/** What travels for an occurrence. The same occurrence has the same id whoever emits it, and however often. */
export function occurrenceMessage(
  { entry, due }: Occurrence,
  term: Pick<Term, 'namespace' | 'stamp'>,
): TaskMessage {
  const { spec } = entry
  const startBy = entry.startByOf(due)
  const expires = entry.expiresOf(due)
  return {
    id: entry.idOf(term.namespace, due),
    task: spec.task,
    args: spec.args,
    kwargs: spec.kwargs,
    queue: spec.queue,
    priority: spec.priority,
    eta: entry.etaOf(due),
    attempt: 1,
    ...(expires === undefined ? {} : { expires }),
    occurrence: {
      entry: spec.name,
      due,
      stamp: term.stamp,
      overlap: spec.overlap,
      waitLimit: spec.missed === 'all' ? waitLimitOfAll : waitLimit,
      ...(startBy === undefined ? {} : { startBy }),
      replaceable: entry.replaceable(due),
    },
  }
}
