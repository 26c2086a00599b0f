import { PublishError } from '../broker/publish-error.ts'
import type { Emission, Term } from '../broker/term.ts'
import { instant } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { MissedOccurrences } from './missed-by-edit.ts'

/** What the broker refused for good. */
export interface Refused {
  /** The ids of the messages that were not emitted. */
  readonly ids: ReadonlySet<string>
  /** What the broker said of each entry. */
  readonly entries: ReadonlyMap<string, PublishError>
  readonly missed: readonly MissedOccurrences[]
}

/**
 * Emits as `Term.emit` does, but without what the broker refuses for good: it will take it no more the next time, and
 * one such entry would keep all others from being emitted. With one occurrence all of its entry are left out, since
 * they say the same. It is recorded before the rest is emitted, and with it the cursor.
 */
export async function emitAccepted(
  term: Pick<Term, 'emit'>,
  emission: Emission,
  record: (missed: readonly MissedOccurrences[]) => Promise<void>,
): Promise<Refused> {
  const ids = new Set<string>()
  const entries = new Map<string, PublishError>()
  const missed: MissedOccurrences[] = []
  const isKept = ({ id }: TaskMessage): boolean => !ids.has(id)
  for (;;) {
    const messages = emission.messages.filter(isKept)
    const replacements = emission.replacements.filter(isKept)
    try {
      await term.emit({ ...emission, messages, replacements })
      return { ids, entries, missed }
    } catch (error) {
      if (!(error instanceof PublishError) || error.code !== 'MESSAGE_REFUSED') throw error
      const refused = alike([...messages, ...replacements], error.failed)
      if (refused.length === 0) throw error
      for (const { id, occurrence } of refused) {
        ids.add(id)
        if (occurrence) entries.set(occurrence.entry, error)
      }
      // Of what was to be replaced the former copy waits as before.
      const lost = toMissed(messages.filter((message) => refused.includes(message)))
      await record(lost)
      missed.push(...lost)
    }
  }
}

function alike(messages: readonly TaskMessage[], ids: readonly string[]): TaskMessage[] {
  const failed = messages.filter(({ id }) => ids.includes(id))
  const entries = new Set(failed.flatMap(({ occurrence }) => occurrence?.entry ?? []))
  const others = messages.filter(({ occurrence }) => occurrence && entries.has(occurrence.entry))
  return [...new Set([...failed, ...others])]
}

function toMissed(messages: readonly TaskMessage[]): MissedOccurrences[] {
  const occurrences = messages.flatMap(({ occurrence }) => occurrence ?? [])
  return [...Map.groupBy(occurrences, ({ entry }) => entry)].map(([entry, some]) => {
    const dues = some.map(({ due }) => due)
    const [first, last] = [instant(Math.min(...dues)), instant(Math.max(...dues))]
    return { entry, first, last, count: dues.length, exact: true, reason: 'refused' }
  })
}
