import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { startProcess } from '../support/owned-process.ts'
import { builtProgram } from '../support/taskbeat-process.ts'

test('under a Node that is too old the program says so in one line and exits 78', async (context) => {
  const old = findOldNode()
  if (!old) {
    context.skip('no Node below 24 is in the PATH')
    return
  }
  for (const args of [['--version'], ['beat']]) {
    const { ended, lines } = startProcess({
      name: 'old',
      command: old,
      args: [builtProgram(), ...args],
      cwd: '/',
    })
    const { code, stderr } = await ended
    expect(code).toBe(78)
    expect(stderr).toMatch(/^taskbeat needs Node 24 or later, and this is v\d+\.\d+\.\d+\n$/)
    expect(lines).toEqual([])
  }
})

function findOldNode(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'node'))
  return candidates.find((path) => existsSync(path) && majorOf(path) < 24)
}

function majorOf(path: string): number {
  try {
    return Number(/^v(\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1])
  } catch {
    return Number.NaN // not to be executed here
  }
}
