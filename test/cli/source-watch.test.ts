import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SourceWatch } from '../../src/cli/source-watch.ts'
import { literally } from '../../src/config/path-kind.ts'
import { eventually } from '../support/eventually.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Directories a and b, and a file; what it says of changes. */
function openWatch() {
  const directory = join(temporaryDirectory(), 'it (is) [here]')
  for (const name of ['a', 'b']) mkdirSync(join(directory, name), { recursive: true })
  const failures: string[] = []
  const told: string[][] = []
  const watch = new SourceWatch({
    changed: (files) => told.push(Array.from(files, (file) => relative(directory, file)).sort()),
    failed: (path) => failures.push(path),
  })
  onTestFinished(() => watch[Symbol.dispose]())
  const follow = (include: string, modules: string): void =>
    watch.follow({
      file: join(directory, 'schedules.yaml'),
      include: [join(literally(directory), include)],
      worker: { modules: [join(literally(directory), modules)] },
    })
  const write = (...paths: readonly string[]): void => {
    for (const path of paths) {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), '')
    }
  }
  const news = async (): Promise<readonly string[] | undefined> => {
    await eventually('a change is told', () => told.length > 0)
    return told.shift()
  }
  /** Which of these files, written one after the other, are noticed; one has to be. */
  const noticed = (...paths: readonly string[]): Promise<readonly string[] | undefined> => {
    write(...paths)
    return news()
  }
  return { directory, follow, write, news, noticed, failures }
}

test('a change of the file, of what it includes and of a task module is noticed', async () => {
  const { follow, noticed, failures } = openWatch()
  follow('a/*.yaml', 'b/*.ts')
  for (const path of ['schedules.yaml', 'a/one.yaml', 'b/one.ts']) expect(await noticed(path)).toEqual([path])
  expect(await noticed('a/one.ts', 'other.yaml', 'schedules.yaml')).toEqual(['schedules.yaml'])
  expect(failures).toEqual([])
})

test('after a reload that names other sources those are watched, and the former are not', async () => {
  const { follow, noticed } = openWatch()
  follow('a/*.yaml', 'a/*.ts')
  expect(await noticed('b/one.yaml', 'schedules.yaml')).toEqual(['schedules.yaml'])
  follow('b/*.yaml', 'b/*.ts')
  expect(await noticed('b/one.yaml')).toEqual(['b/one.yaml'])
  expect(await noticed('a/one.yaml', 'schedules.yaml')).toEqual(['schedules.yaml'])
})

test('a directory that is removed and made again, as a build does, is watched again', async () => {
  const { directory, follow, write, news, noticed, failures } = openWatch()
  follow('*.yaml', 'a/*.js')
  expect(await noticed('a/one.js')).toEqual(['a/one.js'])
  for (let builds = 0; builds < 3; builds++) {
    rmSync(join(directory, 'a'), { recursive: true })
    write('a/one.js', 'a/two.js')
    expect(await news()).toEqual(['a/one.js', 'a/two.js'])
    expect(await noticed('a/two.js')).toEqual(['a/two.js'])
  }
  rmSync(join(directory, 'a'), { recursive: true })
  expect(await news()).toEqual(['a/one.js', 'a/two.js'])
  expect(await noticed('a/one.js')).toEqual(['a/one.js'])
  write('next/three.js')
  renameSync(join(directory, 'a'), join(directory, 'former'))
  renameSync(join(directory, 'next'), join(directory, 'a'))
  expect(await news()).toEqual(['a/three.js'])
  expect(await noticed('former/one.js', 'a/three.js')).toEqual(['a/three.js'])
  expect(failures).toEqual([])
})

test('a directory that comes later is watched, and those below of a pattern of many are', async () => {
  const { follow, noticed, failures } = openWatch()
  follow('later/still/*.yaml', 'a/**/*.ts')
  expect(await noticed('later/still/one.yaml')).toEqual(['later/still/one.yaml'])
  expect(await noticed('later/still/one.yaml')).toEqual(['later/still/one.yaml'])
  for (const path of ['a/one.ts', 'a/sub/one.ts', 'a/sub/of/sub/one.ts', 'a/sub/two.ts'])
    expect(await noticed(path)).toEqual([path])
  follow('b/*/sub/*.yaml', 'a/**/*.ts')
  expect(await noticed('a/sub/of/sub/one.ts')).toEqual(['a/sub/of/sub/one.ts'])
  expect(await noticed('b/one/sub/one.yaml')).toEqual(['b/one/sub/one.yaml'])
  expect(await noticed('b/one/sub/two.yaml')).toEqual(['b/one/sub/two.yaml'])
  expect(failures).toEqual([])
})
