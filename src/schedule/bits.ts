/**
 * Small sets of small numbers. Up to 31 members (hours, days, months) are the bits of one integer; the sixty of
 * minutes and seconds are two integers of thirty, so that the sign bit stays out of it.
 */
export interface SixtyBits {
  readonly low: number
  readonly high: number
}

/** The smallest member that is at least `from`; -1 = none. */
export function lowestFrom(set: number, from: number): number {
  if (from > 31) return -1
  const rest = set >>> from
  return rest === 0 ? -1 : from + 31 - Math.clz32(rest & -rest)
}

/** The largest member that is at most `through` (0 to 31); -1 = none. */
export function highestThrough(set: number, through: number): number {
  if (through < 0) return -1
  const rest = set << (31 - through)
  return rest === 0 ? -1 : through - Math.clz32(rest)
}

export function has(set: number, member: number): boolean {
  return ((set >>> member) & 1) === 1
}

/** How many members there are. */
export function sizeOf(set: number): number {
  let bits = set - ((set >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}

/** The set of 0 … count-1, for count up to 31. */
export function firstMembers(count: number): number {
  return count >= 31 ? 0x7fffffff : (1 << count) - 1
}

export function sixtyBits(members: Iterable<number>): SixtyBits {
  let low = 0
  let high = 0
  for (const member of members) {
    if (member < 30) low |= 1 << member
    else high |= 1 << (member - 30)
  }
  return { low, high }
}

export function lowestOfSixty(set: SixtyBits, from: number): number {
  if (from >= 30) return above(lowestFrom(set.high, from - 30))
  const found = lowestFrom(set.low, from)
  return found >= 0 ? found : above(lowestFrom(set.high, 0))
}

export function highestOfSixty(set: SixtyBits, through: number): number {
  const found = highestThrough(set.high, through - 30)
  return found >= 0 ? found + 30 : highestThrough(set.low, Math.min(through, 29))
}

export function sizeOfSixty(set: SixtyBits): number {
  return sizeOf(set.low) + sizeOf(set.high)
}

/** How many members are less than `end`. */
export function sizeBelow(set: SixtyBits, end: number): number {
  if (end <= 30) return sizeOf(set.low & firstMembers(end))
  return sizeOf(set.low) + sizeOf(set.high & firstMembers(end - 30))
}

function above(found: number): number {
  return found < 0 ? -1 : found + 30
}
