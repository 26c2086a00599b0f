import { type Milliseconds, milliseconds } from './instant.ts'

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const compound = /^(?:\d+(?:ms|s|m|h|d|w))+$/
const compoundPart = /(\d+)(ms|s|m|h|d|w)/g
const iso = /^P(?!$)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/
const calendar = /^(?:\d+\s*(?:mo|mon|month|months|y|yr|year|years)|P\d+[YM].*)$/i

/**
 * A length of fixed units: `500ms`, `10s`, `15m`, `1h30m`, `2d`, `1w`, or ISO 8601 (`PT15M`, `P1DT12H`).
 * Anything else gives the reason, fit to follow "got …": bare numbers have no unit, months and years no fixed length.
 */
export function parseDuration(text: string): Milliseconds | { readonly hint: string } {
  if (compound.test(text)) {
    let total = 0
    for (const [, count, unit] of text.matchAll(compoundPart))
      total += Number(count) * (unitMs[unit ?? ''] ?? 0)
    return safe(total)
  }
  const match = iso.exec(text)
  if (match) {
    const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0))
    return safe(
      (weeks ?? 0) * 604_800_000 +
        (days ?? 0) * 86_400_000 +
        (hours ?? 0) * 3_600_000 +
        (minutes ?? 0) * 60_000 +
        (seconds ?? 0) * 1_000,
    )
  }
  if (/^\d+(?:\.\d+)?$/.test(text))
    return { hint: `a number needs a unit: write ${text}s, ${text}m or ${text}h` }
  if (/^\d+\.\d+\s*[a-z]+$/i.test(text)) return { hint: 'write whole numbers, as in 1h30m or 1500ms' }
  if (calendar.test(text))
    return { hint: 'months and years have no fixed length; use cron for calendar rules' }
  return { hint: 'write it as in 500ms, 10s, 15m, 1h30m, 2d, 1w or PT15M' }
}

function safe(total: number): Milliseconds | { readonly hint: string } {
  return Number.isSafeInteger(total) ? milliseconds(total) : { hint: 'it is longer than can be counted' }
}

/** The shortest compound form, exact to the millisecond: 5,400,000 → `1h30m`, 2,345 → `2s345ms`, 0 → `0s`. */
export function formatDuration(length: Milliseconds): string {
  let rest = Math.round(length)
  let text = ''
  for (const unit of ['w', 'd', 'h', 'm', 's', 'ms']) {
    const size = unitMs[unit] ?? 1
    const count = Math.floor(rest / size)
    if (count > 0) text += `${count}${unit}`
    rest -= count * size
  }
  return text === '' ? '0s' : text
}

/** For people: two significant parts at the most. `820ms`, `2.3s`, `3m12s`, `4h05m`, `2d3h`. */
export function describeDuration(length: Milliseconds): string {
  const ms = Math.round(Math.abs(length))
  if (ms < 1_000) return `${ms}ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)}s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${pad(seconds % 60)}s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 1_440) return `${Math.floor(minutes / 60)}h${pad(minutes % 60)}m`
  const hours = Math.round(minutes / 60)
  return `${Math.floor(hours / 24)}d${hours % 24}h`
}

function pad(count: number): string {
  return String(count).padStart(2, '0')
}
