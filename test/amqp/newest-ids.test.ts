import { expect, test } from 'vitest'
import { NewestIds } from '../../src/amqp/newest-ids.ts'

test('the newest ids stay, so many as there may be, and one that comes again is new', () => {
  const ids = new NewestIds(2)
  for (const id of ['a', 'b', 'a', 'c']) ids.add(id)
  expect([...ids]).toEqual(['a', 'c'])
  ids.delete('a')
  expect([ids.size, ids.has('a'), ids.has('c')]).toEqual([1, false, true])
})
