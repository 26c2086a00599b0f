import type { Instant } from '../core/instant.ts'
import type { Verdict } from '../task/verdict.ts'

/**
 * The verdict of a row, as it was recorded; undefined when there is none, or when what is there is none: the members
 * of the service's group may write the journal.
 */
export function parseVerdict(text: string | null): Verdict | undefined {
  const value = text === null ? undefined : parseJson(text)
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined
  const { kind } = value
  const at = 'at' in value && isInstant(value.at) ? value.at : undefined
  if (kind === 'ack') return { kind }
  if (kind === 'retry' && at !== undefined) return { kind, at }
  if (kind === 'release') return at === undefined ? { kind } : { kind, at }
  if (kind === 'deadLetter' && 'reason' in value && typeof value.reason === 'string')
    return { kind, reason: value.reason }
  return undefined
}

/** What a text says; undefined when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isInstant(value: unknown): value is Instant {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
