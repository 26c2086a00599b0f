import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toIso } from '../../src/core/instant.ts'
import { CronTimeline } from '../../src/schedule/cron-timeline.ts'
import { parseCron } from '../../src/schedule/parse-cron.ts'
import { isProblem } from '../../src/schedule/timing-problem.ts'
import { zoneOf } from '../../src/schedule/zone.ts'
import { at } from './make-spec.ts'

interface Row {
  readonly expression: string
  readonly croner: string
  readonly recommended: string
  readonly [implementation: string]: string
}

const file = new URL('../fixtures/cron/syntax.json', import.meta.url)
const { rows } = JSON.parse(readFileSync(file, 'utf8')) as { readonly rows: readonly Row[] }

/** Where the recommendation leaves the choice, or the design has made another: H is not supported, L and W are. */
function isAccepted({ expression, recommended }: Row): boolean {
  if (/H/.test(expression.replace('THU', '')) || expression.endsWith('5-0')) return false
  return recommended.startsWith('accept') || /\b(?:L|L-3|LW|15W)\b/.test(expression)
}

describe('the syntax that is accepted', () => {
  it.each(rows.filter(isAccepted))('$expression is accepted, and runs when others say', (row) => {
    const fields = parseCron(row.expression)
    if (isProblem(fields)) throw new Error(`expected ${fields.expected}, got ${fields.got}`)
    const next = new CronTimeline(fields, zoneOf('UTC')).next(at('2026-01-15T10:07:23Z'))
    const others = ['cron_parser', 'croner', 'croniter', 'cronsim_debian'].flatMap((name) => {
      const said = row[name] ?? 'reject'
      return said.startsWith('reject') ? [] : toIso(at(said))
    })
    if (others.length > 0) expect(others).toContain(next === undefined ? 'never' : toIso(next))
  })

  it.each(rows.filter((row) => !isAccepted(row)))('$expression is refused', ({ expression }) => {
    expect(parseCron(expression)).toHaveProperty('expected')
  })
})
