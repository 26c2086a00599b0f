import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defineTask } from '../../src/index.ts'
import type { PrintedPart } from '../../src/task/printed.ts'
import type { RegisteredTask } from '../../src/worker/registry.ts'
import { aMessage } from '../support/messages.ts'
import { aModuleTask, aScript, registryOf } from '../support/tasks.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openWorkerWorld } from '../support/worker-world.ts'

/** Runs the task for a sender who follows it. */
async function follow(task: RegisteredTask) {
  const { worker, broker } = openWorkerWorld({ registry: registryOf(task) })
  await worker.start()
  const parts: PrintedPart[] = []
  const message = aMessage()
  await broker.results.send([message], (part) => parts.push(part))
  const lines = (): readonly string[] =>
    parts.flatMap((part) => part.lines.map(({ stream, line }) => `${stream} ${line}`))
  return { parts, lines, ended: broker.results.wait(message.id, AbortSignal.timeout(20_000)) }
}

test('whoever follows a command hears each line when it is printed', async () => {
  const go = join(temporaryDirectory(), 'go')
  const script = `echo one; echo two >&2; until [ -e ${go} ]; do sleep 0.05; done; printf three; exit 3`
  const { parts, lines, ended } = await follow(aScript(script))
  await expect.poll(() => lines().toSorted()).toEqual(['stderr two', 'stdout one'])
  writeFileSync(go, '')
  expect(await ended).toMatchObject({ outcome: 'failed', exitCode: 3 })
  expect(lines().at(-1)).toBe('stdout three')
  expect(parts.at(-1)).toMatchObject({ attempt: 1, end: true })
})

test('whoever follows a function hears what it logs', async () => {
  const task = defineTask('demo', (ctx) => ctx.log.info('half\nwhole'))
  const { lines, ended } = await follow(aModuleTask(task))
  await ended
  expect(lines()).toEqual(['stderr half', 'stderr whole'])
})

test('whoever follows a run hears as much of it as the log gets, and how much there was more', async () => {
  const { parts, lines, ended } = await follow(aScript('seq 6000'))
  await ended
  expect(lines()).toHaveLength(5_000)
  expect(parts.reduce((sum, { omitted }) => sum + omitted, 0)).toBe(1_000)
})
