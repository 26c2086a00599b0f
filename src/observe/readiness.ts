import type { BeatStatus } from '../beat/beat.ts'

/** A turn of the beat's loop asks the broker, who has deadlines; what takes longer stands still. */
const longestTurnMs = 60_000

/** What a worker says of itself. */
export interface WorkerStatus {
  readonly isTaking: boolean
  readonly running: number
}

/** Why the process should be started again; undefined = it goes on. `overdueMs`: by how much its loop is late. */
export function beatStall(overdueMs: number): string | undefined {
  if (overdueMs <= longestTurnMs) return undefined
  return `the loop has stood still for ${Math.round(overdueMs / 1_000)} s`
}

/**
 * What keeps a beat from emitting what is due, or from taking over; undefined = nothing. `trouble`: with the broker.
 */
export function beatHindrance(
  status: BeatStatus | undefined,
  overdueMs: number,
  trouble: string | undefined,
): string | undefined {
  if (!status || status.state === 'stopped') return 'it does not run'
  return beatStall(overdueMs) ?? (status.hold && holds[status.hold]) ?? trouble
}

const holds: Readonly<Record<NonNullable<BeatStatus['hold']>, string>> = {
  clockSuspect: 'the clock was set, nothing is emitted until it has been steady for a minute',
  cursorAhead: 'a wrong clock was here, nothing is emitted until the clock has been steady for a minute',
  clockBehind: 'the clock is behind what is emitted already',
  emissionFailing: 'the broker stores nothing',
}

/** What keeps a worker from taking work; undefined = nothing. */
export function workerHindrance(
  { isTaking }: WorkerStatus,
  journalTrouble: string | undefined,
  brokerTrouble: string | undefined,
): string | undefined {
  return journalTrouble ?? brokerTrouble ?? (isTaking ? undefined : 'it takes no work')
}
