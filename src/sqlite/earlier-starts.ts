import { type Instant, instant } from '../core/instant.ts'
import { isMap } from '../core/is-map.ts'
import type { EarlierStart } from '../journal/run.ts'
import { parseJson } from './recorded-verdict.ts'

/** What a row says of its newest start. */
export interface LastStart {
  readonly started: number | null
  readonly finished: number | null
  readonly reason: string | null
  readonly host: string
  readonly pid: number
  readonly earlier: string | null
}

/** Of one that is given back again and again only the first are kept. */
const mostKept = 20

/** For the row of an attempt that starts again: the starts that came to nothing, with the newest. */
export function withLastStart({ earlier, started, finished, reason, host, pid }: LastStart): string | null {
  const kept = parseEarlierStarts(earlier)
  if (started === null || kept.length >= mostKept) return earlier
  return JSON.stringify([...kept, { started, finished, reason, host, pid }])
}

/** The starts of a row, as they were recorded, without what is none: members of the group may write the journal. */
export function parseEarlierStarts(text: string | null): readonly EarlierStart[] {
  const value = text === null ? [] : parseJson(text)
  return Array.isArray(value) ? value.slice(0, mostKept).flatMap((each: unknown) => toStart(each) ?? []) : []
}

function toStart(value: unknown): EarlierStart | undefined {
  if (!isMap(value)) return undefined
  const { started, finished, reason, host, pid } = value
  if (!isTime(started) || typeof host !== 'string' || typeof pid !== 'number') return undefined
  return {
    started,
    finished: isTime(finished) ? finished : undefined,
    reason: typeof reason === 'string' ? reason : undefined,
    host,
    pid,
  }
}

/** What a Date can hold, ECMA-262 21.4.1.1. */
function isTime(value: unknown): value is Instant {
  return Number.isSafeInteger(value) && Math.abs(instant(value as number)) <= 8.64e15
}
