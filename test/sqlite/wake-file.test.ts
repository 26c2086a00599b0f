import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WakeFile } from '../../src/sqlite/wake-file.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Two processes' views of one file, of which the second watches. */
function openWorld({ mayCreate = true } = {}) {
  const path = join(temporaryDirectory(), 'work')
  const ringer = new WakeFile(path)
  ringer.create()
  const watcher = new WakeFile(path)
  if (mayCreate) watcher.create()
  const woken = { count: 0 }
  const failures: unknown[] = []
  const watch = watcher.watch(
    () => woken.count++,
    (error) => failures.push(error),
  )
  onTestFinished(() => watch[Symbol.dispose]())
  /** Rings once, and waits until it was heard. */
  const ring = async (): Promise<void> => {
    const { count } = woken
    ringer.ring()
    await expect.poll(() => woken.count, { timeout: 10_000, interval: 5 }).toBeGreaterThan(count)
  }
  return { path, ring, failures }
}

describe('a wake file', () => {
  test('wakes who watches it', async () => {
    const { ring } = openWorld()
    await ring()
    await ring()
  })

  test.each([
    ['removed', (path: string) => rmSync(path)],
    ['moved away', (path: string) => renameSync(path, `${path}.old`)],
  ])('that is %s is made again, and wakes as before', async (_how, take) => {
    const { path, ring, failures } = openWorld()
    for (let times = 0; times < 3; times++) {
      take(path)
      await expect.poll(() => existsSync(path), { timeout: 10_000, interval: 5 }).toBe(true)
      await ring()
    }
    expect(failures).toEqual([])
  })

  test('that is removed tells who may not make it, once', async () => {
    const { path, failures } = openWorld({ mayCreate: false })
    rmSync(path)
    await expect.poll(() => failures, { timeout: 10_000, interval: 5 }).toMatchObject([{ code: 'ENOENT' }])
  })
})
