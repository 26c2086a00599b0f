import { chmodSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LifeSigns } from '../../src/system/life-signs.ts'
import { answerReload, awaitReloads, machineNow } from '../../src/system/reload-answer.ts'
import { type Notice, openServiceManager, type ServiceManager } from '../../src/system/service-manager.ts'
import { eventually } from '../support/eventually.ts'
import { expectTook } from '../support/expect-took.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('what the service manager is told arrives in order, as systemd-notify is given it', async () => {
  const directory = temporaryDirectory()
  const command = join(directory, 'systemd-notify')
  writeFileSync(
    command,
    `#!/bin/sh\nprintf '%s|' "$NOTIFY_SOCKET" "$@" >> ${directory}/told; echo >> ${directory}/told\n`,
  )
  chmodSync(command, 0o755)
  const env = { NOTIFY_SOCKET: '/run/notify', PATH: `${directory}:${process.env.PATH}` }
  const manager = openServiceManager(env)
  manager.tell({ state: 'ready', status: 'leading,  two * words\nREADY=0' })
  manager.tell({ alive: true, extendMs: 1_500 })
  manager.tell({ state: 'stopping' })
  await manager.close()
  expect(readFileSync(join(directory, 'told'), 'utf8').split('\n')).toEqual([
    '/run/notify|READY=1|STATUS=leading,  two * words READY=0|',
    '/run/notify|WATCHDOG=1|EXTEND_TIMEOUT_USEC=1500000|',
    '/run/notify|STOPPING=1|',
    '',
  ])
})

test('what was told has been heard when systemd-notify has delivered it, or has gone', async () => {
  const directory = temporaryDirectory()
  const command = join(directory, 'systemd-notify')
  writeFileSync(command, `#!/bin/sh\nsleep 0.1; echo $1 >> ${directory}/told\n`)
  chmodSync(command, 0o755)
  const manager = openServiceManager({
    NOTIFY_SOCKET: '/run/notify',
    PATH: `${directory}:${process.env.PATH}`,
  })
  manager.tell({ state: 'reloading' })
  manager.tell({ state: 'ready' })
  await manager.heard()
  expect(readFileSync(join(directory, 'told'), 'utf8')).toMatch(/^RELOADING=1\nREADY=1\n$/)
  writeFileSync(command, '#!/bin/sh\nkill -9 $PPID\n')
  manager.tell({ state: 'reloading' })
  manager.tell({ state: 'ready' })
  const asked = performance.now()
  await manager.heard()
  expectTook(performance.now() - asked, 1_500)
  await manager.close()
})

test('a descriptor that systemd has opened for it is used instead, and what is for this process alone is gone', async () => {
  const path = join(temporaryDirectory(), 'told')
  const descriptor = openSync(path, 'a')
  const names = [...Array(descriptor - 3).fill('other'), 'notify'].join(':')
  const env: Record<string, string | undefined> = {
    NOTIFY_SOCKET: '/run/notify',
    LISTEN_PID: '7',
    LISTEN_FDS: '1',
    LISTEN_FDNAMES: names,
    WATCHDOG_PID: '7',
    WATCHDOG_USEC: '3000000',
    PATH: '/bin',
  }
  const manager = openServiceManager(env, 7)
  expect(manager.watchdogMs).toBe(3_000)
  manager.tell({ state: 'reloading', status: 'soon' })
  await manager.close()
  expect(readFileSync(path, 'utf8')).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=soon$/)
  expect(env).toEqual({ PATH: '/bin' })
})

test('a watchdog that watches another process is none of ours', () => {
  expect(openServiceManager({ WATCHDOG_PID: '7', WATCHDOG_USEC: '3000000' }, 8).watchdogMs).toBeUndefined()
})

/** A service manager that remembers what it was told. */
function listener(heard = Promise.resolve()): { readonly manager: ServiceManager; readonly told: Notice[] } {
  const told: Notice[] = []
  return {
    told,
    manager: {
      watchdogMs: 90,
      tell: (notice) => void told.push(notice),
      heard: () => heard,
      close: async () => {},
    },
  }
}

test('a service is alive while its own loop goes round, and not because its process does', async () => {
  const { manager, told } = listener()
  let overdue = 0
  await using signs = new LifeSigns(manager)
  signs.ready({ describe: () => 'well', overdue: () => overdue })
  expect(told).toEqual([{ state: 'ready', alive: true, status: 'well' }])
  await eventually('it says that it lives', () => told.length > 2)
  expect(told.slice(1).every(({ alive }) => alive === true)).toBe(true)
  overdue = 90
  const mark = told.length
  await eventually('it goes on saying how it is', () => told.length > mark + 1)
  expect(told.slice(mark).every(({ alive, status }) => alive === false && status === 'well')).toBe(true)
})

test('reloads that overlap are one, which ends with what came of the last', async () => {
  const { manager, told } = listener()
  await using signs = new LifeSigns(manager)
  signs.ready({ describe: () => 'well', overdue: () => 0 })
  const first = Promise.withResolvers<string | undefined>()
  const second = Promise.withResolvers<string | undefined>()
  const both = [signs.reloading(() => first.promise), signs.reloading(() => second.promise)]
  first.resolve(undefined)
  second.resolve('it was no good')
  await Promise.all(both)
  const states = told.filter(({ state }) => state).map(({ state, status }) => [state, status])
  expect(states).toEqual([
    ['ready', 'well'],
    ['reloading', undefined],
    ['ready', 'well; it was no good'],
  ])
})

test('a reload is over when the service manager has heard of its end', async () => {
  const heard = Promise.withResolvers<void>()
  const { manager, told } = listener(heard.promise)
  await using signs = new LifeSigns(manager)
  signs.ready({ describe: () => 'well', overdue: () => 0 })
  let over = false
  const reloading = signs.reloading(async () => undefined).then(() => (over = true))
  await eventually('it says that it is ready again', () => told.length === 3)
  expect(over).toBe(false)
  heard.resolve()
  await reloading
})

test('who waits for a reload waits for one that was asked for since, and hears who could not', async () => {
  const directory = temporaryDirectory()
  answerReload(directory, { asked: machineNow(), loaded: true })
  const since = machineNow()
  const soon = { since, least: 1, deadline: AbortSignal.timeout(50) }
  const silent = await awaitReloads(`${directory}*`, soon)
  expect(silent).toEqual({ refused: [], silent: [directory] })
  const absent = await awaitReloads(join(directory, 'none'), { ...soon, deadline: AbortSignal.timeout(50) })
  expect(absent).toEqual({ refused: [], silent: [join(directory, 'none')] })
  const waiting = awaitReloads(`${directory}*`, { ...soon, deadline: AbortSignal.timeout(10_000) })
  answerReload(directory, { asked: machineNow(), loaded: false })
  expect(await waiting).toEqual({ refused: [directory], silent: [] })
})
