import { expect, test } from 'vitest'
import { forgetOldest } from '../../src/core/forget-oldest.ts'

test('those that were added first are forgotten first, and only so many that the rest has room', () => {
  const names = new Set(['a', 'b', 'c'])
  forgetOldest(names, 2)
  expect([...names]).toEqual(['b', 'c'])
  const ages = new Map([['a', 1]]).set('b', 2).set('c', 3)
  forgetOldest(ages, 3)
  expect(ages.size).toBe(3)
  ages.delete('a')
  ages.set('a', 4)
  forgetOldest(ages, 1)
  expect([...ages]).toEqual([['a', 4]])
})
