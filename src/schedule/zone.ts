/**
 * A time zone as what it is: a row of segments, each with one offset from UTC. Everything here is in whole seconds.
 *
 * The offsets come from Intl, which can only be asked for one instant at a time (about 1 µs). So a zone is surveyed in
 * blocks of about 13 months, when somebody first looks there: probes three days apart, and a bisection wherever two of
 * them differ. Three days are enough: no zone of the tz database has ever left an offset and come back to it sooner
 * than in 3.98 days (Freetown, 1939). A block begins a segment of its own even where the offset does not change.
 */
export interface Segment {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  /** Local time minus UTC. */
  readonly offset: number
  /**
   * The offset just before `start`: less than `offset` where clocks go forward
   * (a gap), more where they go back (a fold).
   */
  readonly before: number
}

const blockSeconds = 2 ** 25
const probeSeconds = 3 * 86_400

export class Zone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat
  readonly #blocks = new Map<number, readonly Segment[]>()
  readonly #fixed: Segment | undefined

  /** Throws a RangeError when Intl does not know the name. */
  constructor(name: string) {
    this.name = name
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
    if (this.#format.resolvedOptions().timeZone === 'UTC')
      this.#fixed = { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY, offset: 0, before: 0 }
  }

  /** The segment that holds this instant, which must be one that a Date can hold. */
  segmentAt(second: number): Segment {
    if (this.#fixed) return this.#fixed
    const block = Math.floor(second / blockSeconds)
    let segments = this.#blocks.get(block)
    if (!segments) {
      segments = this.#survey(block * blockSeconds, (block + 1) * blockSeconds)
      this.#blocks.set(block, segments)
    }
    const found = segments.find((segment) => second < segment.end)
    if (!found) throw new RangeError(`${second} is not an instant`)
    return found
  }

  #survey(blockStart: number, blockEnd: number): readonly Segment[] {
    const segments: Segment[] = []
    let start = blockStart
    let before = this.#probe(blockStart - 1)
    let offset = this.#probe(blockStart)
    for (let known = blockStart; known < blockEnd - 1; ) {
      const ahead = Math.min(known + probeSeconds, blockEnd - 1)
      if (this.#probe(ahead) === offset) {
        known = ahead
        continue
      }
      const end = this.#endOf(offset, known, ahead)
      segments.push({ start, end, offset, before })
      before = offset
      offset = this.#probe(end)
      start = end
      known = end
    }
    segments.push({ start, end: blockEnd, offset, before })
    return segments
  }

  /** The first instant after `known`, where the offset holds, at which it does not; it no longer holds at `gone`. */
  #endOf(offset: number, known: number, gone: number): number {
    let [inside, outside] = [known, gone]
    while (outside - inside > 1) {
      const middle = Math.floor((inside + outside) / 2)
      if (this.#probe(middle) === offset) inside = middle
      else outside = middle
    }
    return outside
  }

  #probe(second: number): number {
    // '11/22/2026, GMT-03:30', 'GMT-03:30:52' before standard time, and plain 'GMT' for none.
    const text = this.#format.format(second * 1000)
    const match = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text)
    if (!match) return 0
    const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0)
    return match[1] === '-' ? -seconds : seconds
  }
}

const zones = new Map<string, Zone>()

/** The zone of this name, one for all who ask. Throws a RangeError when there is none. */
export function zoneOf(name: string): Zone {
  let zone = zones.get(name)
  if (!zone) {
    zone = new Zone(name)
    zones.set(name, zone)
  }
  return zone
}

/** Whether this machine's tz database knows the zone: `Europe/Berlin`, `UTC`. */
export function isTimezone(name: string): boolean {
  try {
    zoneOf(name)
    return true
  } catch {
    return false
  }
}
