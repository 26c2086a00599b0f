import { expect, test } from 'vitest'
import { type Service, startAll } from '../../src/core/service.ts'

/** A service that notes what it is asked to do. */
function noting(name: string, said: string[], start: () => Promise<void> = async () => {}): Service {
  return {
    name,
    start: () => {
      said.push(`start ${name}`)
      return start()
    },
    stop: async () => {
      said.push(`stop ${name}`)
    },
  }
}

const never = (): AbortSignal => new AbortController().signal

test('a start that fails stops what it had begun, the one that failed too, in reverse order', async () => {
  const said: string[] = []
  const fails = noting('b', said, () => Promise.reject(new Error('why')))
  const services = [noting('a', said), fails, noting('c', said)]
  await expect(startAll(services, { stopping: never(), hurry: never() })).rejects.toThrow('why')
  expect(said).toEqual(['start a', 'start b', 'stop b', 'stop a'])
})

test('a start goes no further once it is to stop', async () => {
  const said: string[] = []
  const stopping = new AbortController()
  const asks = noting('a', said, async () => stopping.abort())
  await startAll([asks, noting('b', said)], { stopping: stopping.signal, hurry: never() })
  expect(said).toEqual(['start a'])
})
