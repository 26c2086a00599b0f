import { expect, test } from 'vitest'
import { Awaited } from '../../src/core/awaited.ts'

const never = new AbortController().signal
const noReason = (): unknown => undefined

test('all who wait for the same are told, and nobody else is', async () => {
  const awaited = new Awaited<number>()
  const both = [awaited.wait('a', never, noReason), awaited.wait('a', never, noReason)]
  const other = awaited.wait('b', never, noReason)
  awaited.tell('a', 8)
  expect(await Promise.all(both)).toEqual([8, 8])
  expect(awaited.ids).toEqual(['b'])
  awaited.fail('b', new Error('it is gone'))
  await expect(other).rejects.toThrow('it is gone')
  expect(awaited.has('b')).toBe(false)
})

test('who gives up hears why, also when that was before, and the others wait on', async () => {
  const awaited = new Awaited<number>()
  const over = new AbortController()
  const impatient = awaited.wait('a', over.signal, () => over.signal.reason)
  const patient = awaited.wait('a', never, noReason)
  over.abort('too long')
  await expect(impatient).rejects.toBe('too long')
  await expect(awaited.wait('a', over.signal, () => 'at once')).rejects.toBe('at once')
  awaited.tell('a', 1)
  expect(await patient).toBe(1)
})

test('it is told when nobody waits any more', async () => {
  let told = 0
  const awaited = new Awaited<number>(() => told++)
  const both = [awaited.wait('a', never, noReason), awaited.wait('b', never, noReason)]
  awaited.tell('a', 1)
  expect(told).toBe(0)
  awaited.tell('b', 2)
  expect([told, awaited.size]).toEqual([1, 0])
  await Promise.all(both)
})
