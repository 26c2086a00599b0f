import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { requires } from '../support/requirements.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { openCliWorld } from './cli-world.ts'
import { writeJournal } from './journal-world.ts'

const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))
const nobody = { uid: 65_534, gid: 65_534 }

/** A state directory of the service's, with a group that is not nobody's, as nobody sees it. */
function openForeignState(mode: number, named?: string) {
  const world = openCliWorld()
  connectSqlite(join(world.stateDir, 'broker.db'))
  writeJournal(world.stateDir)
  const groups = readFileSync('/etc/group', 'utf8').split('\n')
  const [group = '', , gid] = (groups.find((line) => line.startsWith(`${named}:`)) ?? groups[1] ?? '').split(
    ':',
  )
  chmodSync(world.directory, 0o755)
  chownSync(world.stateDir, 0, Number(gid))
  chmodSync(world.stateDir, mode)
  const runAsNobody = (...argv: string[]) =>
    spawnSync(process.execPath, [bin, ...argv], { ...nobody, cwd: world.directory, encoding: 'utf8' })
  return { ...world, group, runAsNobody }
}

/** Only root can become somebody else, and only where others may read the program. */
const canBecomeNobody =
  process.getuid?.() === 0 && spawnSync(process.execPath, ['--check', bin], nobody).status === 0

test('who is no member of the group of the state is told which one it is', (context) => {
  requires(context, canBecomeNobody, 'root, and a checkout that others can read')
  const { stateDir, group, runAsNobody } = openForeignState(0o2770)
  for (const argv of [['runs'], ['status'], ['dead', 'list'], ['show', 'x']]) {
    const { status, stderr, stdout } = runAsNobody(...argv)
    expect(stderr).toContain(
      `permission denied: ${stateDir} belongs to the group ${group}, of which this user is no member; ` +
        `membership is what is needed: sudo usermod -aG ${group} USER`,
    )
    expect(stdout).toBe('')
    expect(status).toBe(1)
  }
})

test.for(['beat', 'worker', 'dev'])('a %s of somebody who is no member is told the same', (role, context) => {
  requires(context, canBecomeNobody, 'root, and a checkout that others can read')
  const { group, runAsNobody } = openForeignState(0o2770)
  const { status, stderr, stdout } = runAsNobody(role)
  expect(stderr + stdout).toContain(`membership is what is needed: sudo usermod -aG ${group} USER`)
  expect(status).toBeGreaterThan(0)
})

test('where the group may not either, membership is not recommended', (context) => {
  requires(context, canBecomeNobody, 'root, and a checkout that others can read')
  const { stateDir, runAsNobody } = openForeignState(0o700)
  const { stderr } = runAsNobody('runs')
  expect(stderr).toContain(`permission denied: ${stateDir} admits only its owner (mode 0700`)
})

test('membership in the group of root is not recommended', (context) => {
  requires(context, canBecomeNobody, 'root, and a checkout that others can read')
  const { stateDir, runAsNobody } = openForeignState(0o2770, 'root')
  for (const argv of [['runs'], ['status']]) {
    const { stderr } = runAsNobody(...argv)
    expect(stderr).toContain(
      `permission denied: ${stateDir} is kept for root (mode 2770, group root); run this as root`,
    )
    expect(stderr).not.toContain('usermod')
  }
})
