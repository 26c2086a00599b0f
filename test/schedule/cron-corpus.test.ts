import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Instant, instant, toIso } from '../../src/core/instant.ts'
import { CronTimeline } from '../../src/schedule/cron-timeline.ts'
import { parseCron } from '../../src/schedule/parse-cron.ts'
import { isProblem } from '../../src/schedule/timing-problem.ts'
import { zoneOf } from '../../src/schedule/zone.ts'

interface Case {
  readonly id: number
  readonly source: string
  readonly expression: string
  readonly timezone: string
  readonly start: string
  readonly expected: readonly string[]
}

const file = new URL('../fixtures/cron/corpus.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly Case[] }

/** `2026-01-01T00:00:00Z`, as the corpus writes it. */
function write(at: Instant): string {
  return toIso(at).replace('.000Z', 'Z')
}

describe('the runs that other projects and tz data say are due', () => {
  for (const [source, own] of Map.groupBy(cases, (one) => one.source.split(' ')[0] ?? '')) {
    it.each(own)(`${source} $id: $expression in $timezone after $start`, (one) => {
      const fields = parseCron(one.expression)
      if (isProblem(fields)) return expect(one.expected).toEqual([])
      const timeline = new CronTimeline(fields, zoneOf(one.timezone))
      const runs: Instant[] = []
      for (let at = instant(Date.parse(one.start)); runs.length < Math.max(1, one.expected.length); ) {
        const next = timeline.next(at)
        if (next === undefined) break
        runs.push(next)
        at = next
      }
      expect(runs.map(write)).toEqual(one.expected)

      const backwards = runs.map((_, index) =>
        timeline.previous(runs[index + 1] ?? instant((runs.at(-1) ?? 0) + 1)),
      )
      expect(backwards).toEqual(runs)
      expect(timeline.count(instant(Date.parse(one.start)), runs.at(-1) ?? instant(0), 100)).toBe(runs.length)
    })
  }
})
