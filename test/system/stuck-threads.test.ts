import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aMessage } from '../support/messages.ts'
import { publish } from '../support/publish.ts'
import type { TaskbeatProcess } from '../support/taskbeat-process.ts'
import { openWorld } from '../support/test-world.ts'
import type { World } from '../support/world.ts'

/**
 * A worker with a task that reads a pipe into which nobody ever writes, so that the thread waits inside open(2), and
 * one with a loop that V8, once it has optimised it, does not interrupt any more (Node 24.21).
 */
async function openStuckWorld(): Promise<{ readonly world: World; readonly worker: TaskbeatProcess }> {
  const world = openWorld()
  world.write(
    'tasks.ts',
    `import { readFileSync } from 'node:fs'
import { defineTask } from 'taskbeat'
export const read = defineTask('read', () => readFileSync(import.meta.dirname + '/fifo'), { timeout: '500ms' })
export const fill = defineTask('fill', () => { for (;;) new Array(1000).fill({}) }, { timeout: '2s' })
export const fine = defineTask('fine', () => 1)
`,
  )
  execFileSync('mkfifo', [join(world.directory, 'fifo')])
  world.configure('worker: { modules: [./tasks.ts], concurrency: 10 }\nschedules: {}')
  const worker = world.worker()
  await worker.said(/3 tasks from 1 module/)
  return { world, worker }
}

test.each([
  ['inside a call of the system', 'read'],
  ['in a loop that V8 does not interrupt', 'fill'],
])('a thread %s is left behind: its slot is free, and the worker can be stopped', async (_where, task) => {
  const { world, worker } = await openStuckWorld()
  await publish(world, [aMessage({ task })])
  await worker.said(/cannot be ended and is left behind/)
  await worker.said(new RegExp(`${task} timed out`))
  await publish(world, [aMessage({ task: 'fine' })])
  await worker.said(/fine succeeded/)
  expect((await worker.stop()).code).toBe(0)
})

test('with ten such threads the worker stops in order, and its exit code has it started again', async () => {
  const { world, worker } = await openStuckWorld()
  await publish(
    world,
    Array.from({ length: 10 }, () => aMessage({ task: 'read' })),
  )
  await worker.said(/10 of at most 10.*started again/)
  expect((await worker.ended).code).toBe(1)
  expect(worker.log.at(-1)?.message).toBe('stopped')
})
