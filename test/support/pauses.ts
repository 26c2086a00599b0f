/** A stretch in which nothing happened, between two things that did. */
export interface Pause {
  readonly from: number
  readonly at: number
}

/** Between each of these times and the next. */
export function pausesOf(times: readonly number[]): readonly Pause[] {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted.slice(1).map((at, index) => ({ from: sorted[index] ?? at, at }))
}

export function longestOf(pauses: readonly Pause[]): number {
  return Math.max(0, ...pauses.map(({ from, at }) => at - from))
}
