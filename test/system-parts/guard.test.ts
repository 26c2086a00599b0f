import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { newUuid } from '../../src/core/uuid.ts'
import { openGuard } from '../../src/system/guard.ts'
import { sweepProcesses } from '../../src/system/process-sweep.ts'
import { startNode } from '../support/child.ts'
import { processesOfRun } from '../support/processes.ts'

const program = fileURLToPath(new URL('guarded-process.ts', import.meta.url))

/** Starts a process with a guard that runs this script, and waits until the script says that it is ready. */
async function startGuarded(what: 'run' | 'announce', script: string) {
  const child = startNode(program, [what, script])
  const guard = Number(await child.line())
  const id = await child.line()
  onTestFinished(() => void sweepProcesses('TASKBEAT_ID', id))
  const said: string[] = []
  for (let line = await child.line(); line !== 'ready'; line = await child.line()) said.push(line)
  return { child, guard, id, said }
}

/** A zombie that nobody reaps is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const soon = { timeout: 30_000, interval: 20 }

test('what a worker runs dies with it, by kill -9 too, and then the guard ends', async () => {
  const { child, guard, id } = await startGuarded(
    'run',
    'trap "" TERM HUP; sleep 1000 & (sleep 1001; true) & echo ready; wait',
  )
  expect(processesOfRun(id).length).toBeGreaterThanOrEqual(3)
  await child.kill()
  await expect.poll(() => processesOfRun(id), { timeout: 1_000, interval: 20 }).toEqual([])
  await expect.poll(() => isAlive(guard), soon).toBe(false)
})

test('so does what has gone into another session', async () => {
  const { child, id } = await startGuarded(
    'run',
    'setsid -f setsid sleep 1000; setsid sleep 1001 & echo ready; wait',
  )
  await child.kill()
  await expect.poll(() => processesOfRun(id), soon).toEqual([])
})

test('so does what was started in the moment before the worker died', async () => {
  const { child, id } = await startGuarded('announce', 'sleep 1000 & sleep 1001')
  await child.kill()
  await expect.poll(() => processesOfRun(id), soon).toEqual([])
})

test('so does what has wiped its environment, because its group is known', async () => {
  const { child, said } = await startGuarded('run', 'exec env -i sh -c "echo $$; echo ready; sleep 1000; :"')
  const wiped = Number(said[0])
  expect(isAlive(wiped)).toBe(true)
  await child.kill()
  await expect.poll(() => isAlive(wiped), soon).toBe(false)
})

test('a daemon that was started by a run which has ended lives on', async () => {
  const child = startNode(program, ['run', 'setsid -f sleep 1000'])
  const guard = Number(await child.line())
  const id = await child.line()
  onTestFinished(() => void sweepProcesses('TASKBEAT_ID', id))
  expect(await child.line()).toBe('succeeded')
  await child.kill()
  await expect.poll(() => isAlive(guard), soon).toBe(false)
  expect(processesOfRun(id)).toHaveLength(1)
})

test('the guard is deaf to the signals that end a service or come from a terminal', async () => {
  const { child, guard, id } = await startGuarded('run', 'echo ready; sleep 1000')
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(guard, signal)
  expect(isAlive(guard)).toBe(true)
  await child.kill()
  await expect.poll(() => processesOfRun(id), soon).toEqual([])
})

test('a guard that is killed is replaced by one that knows what runs', async () => {
  const { child, guard, id } = await startGuarded('run', 'echo ready; sleep 1000')
  process.kill(guard, 'SIGKILL')
  expect(await child.line()).toBe('lost killed by SIGKILL')
  const next = Number(await child.line())
  expect(next).not.toBe(guard)
  expect(processesOfRun(id)).not.toEqual([])
  await child.kill()
  await expect.poll(() => processesOfRun(id), soon).toEqual([])
})

test('a guard does not keep its process alive, and ends with it', async () => {
  const child = startNode(program, ['end'])
  const guard = Number(await child.line())
  expect((await child.ended).code).toBe(0)
  await expect.poll(() => isAlive(guard), soon).toBe(false)
})

test('closing a guard ends it', async () => {
  const guard = openGuard({ onLost: () => {} })
  const pid = guard.pid ?? 0
  expect(isAlive(pid)).toBe(true)
  await guard.close()
  expect(isAlive(pid)).toBe(false)
})

test('the guard of a dead worker spares the same run when another worker has started it again', async () => {
  const { child, guard, id } = await startGuarded('announce', 'sleep 1000 & sleep 1001')
  await child.kill()
  const again = spawn('sleep', ['1000'], { env: { PATH: process.env.PATH, TASKBEAT_ID: id } })
  await once(again, 'spawn')
  await expect.poll(() => isAlive(guard), soon).toBe(false)
  expect(processesOfRun(id)).toEqual([again.pid])
  again.kill()
})

test('a sweep kills what carries the id, and nothing else', async () => {
  const [mine, other] = [newUuid(), newUuid()]
  for (const id of [mine, mine, other])
    await once(spawn('sleep', ['1000'], { env: { PATH: process.env.PATH, TASKBEAT_ID: id } }), 'spawn')
  expect(await sweepProcesses('TASKBEAT_ID', mine)).toBe(2)
  expect(processesOfRun(mine)).toEqual([])
  expect(processesOfRun(other)).toHaveLength(1)
  expect(await sweepProcesses('TASKBEAT_ID', other)).toBe(1)
})
