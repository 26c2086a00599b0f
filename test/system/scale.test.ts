import { expect, test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { assertLight, carryWeight, type ScaleFigures } from './scale.ts'

let figures: ScaleFigures | undefined

test('a hundred thousand entries load in seconds and cost nothing while others are due; ten thousand may be due at once', async (context) => {
  figures = await carryWeight(openWorld(), { entries: 100_000, crowd: 10_000, seconds: 10 })
  await context.annotate(JSON.stringify(figures))
}, 120_000)

test('a beat that has loaded a hundred thousand entries takes at most 200 MiB', () => {
  expect(figures).toBeDefined()
  if (figures) assertLight(figures)
})
