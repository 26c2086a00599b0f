import { expect, test } from 'vitest'
import { reissue } from '../../src/beat/reissue.ts'
import { cursorThrough } from '../../src/core/cursor.ts'
import { instant, type Milliseconds, milliseconds, plus } from '../../src/core/instant.ts'
import { newUuid } from '../../src/core/uuid.ts'
import { compileEntry } from '../../src/schedule/entry.ts'
import type { EntrySpec } from '../../src/schedule/entry-spec.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { every } from './beat-world.ts'

const term = { namespace: newUuid(), stamp: { epoch: 1, seq: 1 } }

/** How long after its due the revocation of the one occurrence is remembered, when the entry is removed. */
async function rememberedFor(said: Partial<EntrySpec>): Promise<Milliseconds> {
  const clock = new FakeClock('2026-11-22T08:59:50Z')
  const loaded = clock.now()
  const entry = compileEntry(every('hourly', '1h', said))
  const change = { name: 'hourly', before: { entry, since: instant(0) }, after: undefined, loaded }
  const emission = await reissue([change], term, cursorThrough(plus(loaded, milliseconds(30_000))), clock)
  const [revocation, ...others] = emission?.revocations ?? []
  expect(others).toEqual([])
  const due = instant(Date.UTC(2026, 10, 22, 9))
  expect(revocation?.id).toBe(entry.idOf(term.namespace, due))
  return milliseconds((revocation?.until ?? 0) - due)
}

test.each<[string, Partial<EntrySpec>, number]>([
  ['its successor starts', {}, 3_600_000],
  ['it expires', { expires: milliseconds(60_000) }, 60_000],
  ['a week has passed where it has no end', { overlap: 'queue' }, 604_800_000],
])('a revocation is remembered until %s', async (_, said, expected) => {
  expect(await rememberedFor(said)).toBe(expected)
})
