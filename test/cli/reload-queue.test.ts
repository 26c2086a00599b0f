import { expect, test } from 'vitest'
import { ReloadQueue, type ReloadReason } from '../../src/cli/reload-queue.ts'

interface Begun {
  readonly reason: ReloadReason
  readonly end: () => void
  readonly fail: (error: unknown) => void
}

function openQueue() {
  const begun: Begun[] = []
  const failures: unknown[] = []
  const queue = new ReloadQueue({
    reload: (reason) => {
      const { promise, resolve: end, reject: fail } = Promise.withResolvers<void>()
      begun.push({ reason, end, fail })
      return promise
    },
    failed: (error) => failures.push(error),
  })
  return { queue, begun, failures }
}

test('of reloads that are asked for while one runs, one follows, and answers for all of them', async () => {
  const { queue, begun } = openQueue()
  const first = queue.ask('asked')
  await Promise.resolve()
  const others = [queue.ask('unknownTask'), queue.ask('asked'), queue.ask('unknownTask')]
  expect(begun).toHaveLength(1)
  begun[0]?.end()
  await first
  await Promise.resolve()
  expect(begun.map(({ reason }) => reason)).toEqual(['asked', 'asked'])
  begun[1]?.end()
  await Promise.all(others)
  expect(begun).toHaveLength(2)
})

test('a reload that is asked for after one has begun reads the file again', async () => {
  const { queue, begun } = openQueue()
  void queue.ask('unknownTask')
  await Promise.resolve()
  const second = queue.ask('unknownTask')
  begun[0]?.end()
  await Promise.resolve()
  await Promise.resolve()
  await expect.poll(() => begun.length).toBe(2)
  begun[1]?.end()
  await second
})

test('a reload that fails is told of, and the next is carried out', async () => {
  const { queue, begun, failures } = openQueue()
  const first = queue.ask('asked')
  await Promise.resolve()
  begun[0]?.fail('why')
  await first
  expect(failures).toEqual(['why'])
  const second = queue.ask('asked')
  await Promise.resolve()
  begun[1]?.end()
  await second
})
