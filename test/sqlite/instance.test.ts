import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newUuid } from '../../src/core/uuid.ts'
import { isAlive, openInstance } from '../../src/sqlite/instance.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const hourAgo = new Date(Date.now() - 3_600_000)

/** A lock file that nobody holds, as a process that was killed leaves it. */
function leaveBehind(directory: string, made: Date): string {
  const path = join(directory, `${newUuid()}.lock`)
  writeFileSync(path, '')
  utimesSync(path, made, made)
  return path
}

test('an instance lives until it is disposed of', () => {
  const directory = temporaryDirectory()
  const instance = openInstance(directory)
  expect(isAlive(directory, instance.id)).toBe(true)
  instance[Symbol.dispose]()
  expect(isAlive(directory, instance.id)).toBe(false)
})

test('who opens an instance clears away the files of dead ones, and of no other', () => {
  const directory = temporaryDirectory()
  using living = openInstance(directory)
  const path = join(directory, `${living.id}.lock`)
  utimesSync(path, hourAgo, hourAgo)
  const dead = leaveBehind(directory, hourAgo)
  const young = leaveBehind(directory, new Date())
  const foreign = join(directory, 'notes.lock')
  writeFileSync(foreign, '')
  utimesSync(foreign, hourAgo, hourAgo)
  using _ = openInstance(directory)
  expect([path, dead, young, foreign].map((each) => existsSync(each))).toEqual([true, false, true, true])
  expect(isAlive(directory, living.id)).toBe(true)
})

test('a directory that cannot be made is told with its reason', () => {
  const file = join(temporaryDirectory(), 'file')
  writeFileSync(file, '')
  expect(() => openInstance(join(file, 'instances'))).toThrow(
    expect.objectContaining({
      code: 'STATE_UNUSABLE',
      message: expect.stringContaining(`cannot lock a file in ${join(file, 'instances')}: ENOTDIR`),
    }),
  )
})

test('where nothing can be made, as below /proc, that is told and not tried for ever', () => {
  expect(() => openInstance('/proc/taskbeat/instances')).toThrow(
    expect.objectContaining({ code: 'STATE_UNUSABLE', message: expect.stringContaining('/proc/taskbeat') }),
  )
})
