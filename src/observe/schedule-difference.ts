import type { ScheduleDifference } from '../broker/broker-status.ts'

/** Of each kind; nobody reads more in one line. */
const mostNamed = 5

/** `: +new, -gone, ~edited`, against the leader's schedule; nothing where it is not known. */
export function describeDifference(difference: ScheduleDifference | undefined): string {
  if (!difference) return ''
  const { added, removed, changed } = difference
  const parts = [named('+', added), named('-', removed), named('~', changed)].filter((part) => part !== '')
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`
}

function named(sign: string, names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).map((name) => sign + name)
  const more = names.length - shown.length
  return [...shown, ...(more > 0 ? [`${sign}${more} more`] : [])].join(', ')
}
