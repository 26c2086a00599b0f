import { parseLocalDate } from '../schedule/local-time.ts'
import { parseCron } from '../schedule/parse-cron.ts'
import { isTimezone } from '../schedule/zone.ts'
import { fromText, type Kind, writtenText } from './kind.ts'

/** A cron expression that was understood, as written. */
export const cron: Kind<string> = {
  expected: 'a cron expression',
  schema: { type: 'string' },
  read(at) {
    const expression = writtenText(at, this.expected)
    if (expression === undefined) return undefined
    return at.settle(parseCron(expression)) === undefined ? undefined : expression
  },
}

/** An IANA zone; `local` becomes the machine's. */
export const zone: Kind<string> = fromText('a time zone such as Europe/Berlin, UTC or local', (value, at) => {
  const zoneName = value === 'local' ? at.reading.machineZone : value
  return isTimezone(zoneName) ? { value: zoneName } : {}
})

/** A local date and time, or one with an offset. What it means depends on the zone, so it stays a text here. */
export const moment: Kind<string> = fromText('a date and time such as 2027-01-01T09:00', (value) => ({
  value,
}))

/** A local date. */
export const date: Kind<string> = {
  expected: 'a date as in 2026-12-25',
  schema: { type: 'string' },
  read(at) {
    const written = writtenText(at, this.expected)
    if (written === undefined) return undefined
    return at.settle(parseLocalDate(written)) === undefined ? undefined : written
  },
}
