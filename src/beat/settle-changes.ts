import type { Emission, Term } from '../broker/term.ts'
import type { Clock } from '../core/clock.ts'
import type { Cursor } from '../core/cursor.ts'
import type { Instant } from '../core/instant.ts'
import type { BeatEvent } from './beat-event.ts'
import { missedByEdit } from './missed-by-edit.ts'
import { missedNotices } from './missed-notices.ts'
import type { Recorder } from './recorder.ts'
import { reissue } from './reissue.ts'
import type { Roster, ScheduleChange } from './roster.ts'
import type { ToldMissed } from './told-missed.ts'

export interface SettlingParts {
  readonly term: Term
  readonly roster: Roster
  readonly host: string
  readonly recorder: Recorder
  readonly told: ToldMissed
  readonly clock: Clock
  /** Emits it, but for what the broker refuses for good. */
  readonly emitAccepted: (emission: Emission) => Promise<unknown>
  readonly emit: (event: BeatEvent) => void
}

const nothing = { messages: [], replacements: [], revocations: [] }

/**
 * Brings what is emitted in line with a changed schedule, in one emission, and tells what the change cost. Rejects as
 * `Term.emit` does; then nothing is settled and all of it is done again.
 */
export async function settleChanges(
  { term, roster, recorder, told, clock, host, emitAccepted, emit }: SettlingParts,
  changes: readonly ScheduleChange[],
  cursor: Cursor,
  now: Instant,
): Promise<void> {
  const missed = await missedByEdit(changes, (name) => told.doneThrough(cursor, name), clock)
  await recorder.recordMissed(missed, now)
  const emission = await reissue(changes, term, cursor, clock)
  const notices = missedNotices(missed, { roster, term, host, now })
  if (emission || notices.length > 0) {
    const { messages, replacements, revocations } = emission ?? nothing
    await emitAccepted({ messages: [...messages, ...notices], replacements, revocations, cursor })
  }
  if (emission)
    emit({
      kind: 'emissionsChanged',
      added: emission.messages.length,
      replaced: emission.replacements.length,
      revoked: emission.revocations.length,
    })
  for (const each of missed) emit({ kind: 'occurrenceMissed', ...each })
}
