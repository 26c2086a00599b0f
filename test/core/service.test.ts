import { expect, test } from 'vitest'
import { type Service, startAll, stopAll } from '../../src/core/service.ts'

function recorded(failing: { start?: string; stop?: string } = {}) {
  const calls: string[] = []
  const service = (name: string): Service => ({
    name,
    start: async () => {
      calls.push(`start ${name}`)
      if (failing.start === name) throw new Error(`${name} does not start`)
    },
    stop: async () => {
      calls.push(`stop ${name}`)
      if (failing.stop === name) throw new Error(`${name} does not stop`)
    },
  })
  return { calls, services: ['a', 'b', 'c'].map(service) }
}

test('services start in order and stop in reverse', async () => {
  const { calls, services } = recorded()
  await startAll(services)
  await stopAll(services, new AbortController().signal)
  expect(calls).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a'])
})

test('when one does not start, those before it are stopped and its error is thrown', async () => {
  const { calls, services } = recorded({ start: 'b' })
  await expect(startAll(services)).rejects.toThrow('b does not start')
  expect(calls.filter((call) => call !== 'stop b')).toEqual(['start a', 'start b', 'stop a'])
})

test('when one does not stop, the others are stopped all the same', async () => {
  const { calls, services } = recorded({ stop: 'b' })
  await expect(stopAll(services, new AbortController().signal)).rejects.toThrow('b does not stop')
  expect(calls).toEqual(['stop c', 'stop b', 'stop a'])
})
