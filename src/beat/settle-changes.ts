import type { Term } from '../broker/term.ts'
import type { Clock } from '../core/clock.ts'
import type { Cursor } from '../core/cursor.ts'
import type { Instant } from '../core/instant.ts'
import type { BeatEvent } from './beat-event.ts'
import { missedByEdit } from './missed-by-edit.ts'
import type { Recorder } from './recorder.ts'
import { reissue } from './reissue.ts'
import type { ScheduleChange } from './roster.ts'
import type { ToldMissed } from './told-missed.ts'

export interface SettlingParts {
  readonly term: Term
  readonly recorder: Recorder
  readonly told: ToldMissed
  readonly clock: Clock
  readonly emit: (event: BeatEvent) => void
}

/**
 * Brings what is emitted in line with a changed schedule, in one emission, and tells what the change cost. Rejects as
 * `Term.emit` does; then nothing is settled and all of it is done again.
 */
export async function settleChanges(
  { term, recorder, told, clock, emit }: SettlingParts,
  changes: readonly ScheduleChange[],
  cursor: Cursor,
  now: Instant,
): Promise<void> {
  const missed = await missedByEdit(changes, (name) => told.doneThrough(cursor, name), clock)
  await recorder.recordMissed(missed, now)
  const emission = await reissue(changes, term, cursor, clock)
  if (emission) {
    await term.emit(emission)
    emit({
      kind: 'emissionsChanged',
      added: emission.messages.length,
      replaced: emission.replacements.length,
      revoked: emission.revocations.length,
    })
  }
  for (const each of missed) emit({ kind: 'occurrenceMissed', ...each })
}
