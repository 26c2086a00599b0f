import { expect, test } from 'vitest'
import { type Backoff, backoffDelay } from '../../src/core/backoff.ts'

const backoff: Backoff = { firstMs: 10_000, factor: 2, longestMs: 600_000, jitter: 'none' }

test('a delay grows from failure to failure, up to the longest', () => {
  const delays = [1, 2, 3, 6, 7, 8, 1_000].map((failures) => backoffDelay(backoff, failures, () => 0.5))
  expect(delays).toEqual([10_000, 20_000, 40_000, 320_000, 600_000, 600_000, 600_000])
})

test('full jitter spreads it over everything below', () => {
  const spread = [0, 0.25, 0.999].map((random) =>
    backoffDelay({ ...backoff, jitter: 'full' }, 2, () => random),
  )
  expect(spread).toEqual([0, 5_000, 19_980])
})
