import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SourceWatch } from '../../src/cli/source-watch.ts'
import { literally } from '../../src/config/path-kind.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Directories a and b, and a file; what it says of changes. */
function openWatch() {
  const directory = join(temporaryDirectory(), 'it (is) [here]')
  for (const name of ['a', 'b']) mkdirSync(join(directory, name), { recursive: true })
  const failures: string[] = []
  let changes = 0
  const watch = new SourceWatch({
    changed: () => changes++,
    failed: (path) => failures.push(path),
  })
  onTestFinished(() => watch[Symbol.dispose]())
  const follow = (include: string, modules: string): void =>
    watch.follow({
      file: join(directory, 'schedules.yaml'),
      include: [join(literally(directory), include)],
      worker: { modules: [join(literally(directory), modules)] },
    })
  /** Whether this file, written again and again, is noticed. */
  const notices = async (path: string): Promise<boolean> => {
    const before = changes
    for (let count = 0; count < 5 && changes === before; count++) {
      writeFileSync(join(directory, path), String(count))
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return changes > before
  }
  return { follow, notices, failures }
}

test('a change of the file, of what it includes and of a task module is noticed', async () => {
  const { follow, notices, failures } = openWatch()
  follow('a/*.yaml', 'b/*.ts')
  for (const path of ['schedules.yaml', 'a/one.yaml', 'b/one.ts']) expect(await notices(path)).toBe(true)
  expect(await notices('a/one.ts')).toBe(false)
  expect(failures).toEqual([])
})

test('after a reload that names other sources those are watched, and the former are not', async () => {
  const { follow, notices, failures } = openWatch()
  follow('a/*.yaml', 'a/*.ts')
  expect(await notices('b/one.yaml')).toBe(false)
  follow('b/*.yaml', 'gone/*.ts')
  expect(await notices('b/one.yaml')).toBe(true)
  expect(await notices('schedules.yaml')).toBe(true)
  expect(await notices('a/one.yaml')).toBe(false)
  expect(failures).toEqual([expect.stringMatching(/gone$/)])
})
