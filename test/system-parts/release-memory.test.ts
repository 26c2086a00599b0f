import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { releaseMemory } from '../../src/system/release-memory.ts'

test('memory that is garbage is given back, again and again', () => {
  for (let times = 0; times < 2; times++) {
    let garbage: string[] | undefined = Array.from({ length: 500_000 }, (_, n) => `${n}`)
    expect(garbage).toHaveLength(500_000)
    const before = process.memoryUsage().heapTotal
    garbage = undefined
    releaseMemory()
    expect(process.memoryUsage().heapTotal).toBeLessThan(before - 2 ** 24)
  }
})

test('the collector is shown to nobody else', () => {
  releaseMemory()
  expect(runInNewContext('typeof gc')).toBe('undefined')
})
