import { expect, test } from 'vitest'
import { isUuid, newUuid } from '../../src/core/uuid.ts'

test('ids that are made together begin alike, and differ', () => {
  const begun = Date.now()
  const ids = Array.from({ length: 10_000 }, newUuid)
  const quarters = Math.ceil((Date.now() - begun) / 256) + 1
  expect(new Set(ids.map((id) => id.slice(0, 3))).size).toBeLessThanOrEqual(quarters)
  expect(new Set(ids).size).toBe(ids.length)
})

test('an id is a UUID of version 8', () => {
  const id = newUuid()
  expect(id).toSatisfy(isUuid)
  expect(id).toMatch(/^.{14}8.{4}[89ab]/)
})
