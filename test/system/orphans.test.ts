import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { aMessage } from '../support/messages.ts'
import { publish } from '../support/publish.ts'
import { openWorld } from '../support/test-world.ts'

test.each(['thread', 'process'])(
  'a worker that is killed leaves nothing of a task in a %s behind',
  async (isolation) => {
    const world = openWorld()
    world.write(
      'tasks.ts',
      `import { spawn } from 'node:child_process'
import { defineTask } from 'taskbeat'
export const spin = defineTask('spin', () => {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
  console.log(\`pids \${process.pid} \${child.pid}\`)
  for (;;);
}, { isolation: '${isolation}' })
`,
    )
    world.configure('worker: { modules: [./tasks.ts] }\nschedules: {}')
    const worker = world.worker()
    await worker.said(/1 task from 1 module/)
    await publish(world, [aMessage({ task: 'spin' })])
    const { message } = await worker.said(/pids/)
    const pids = (/pids (\d+) (\d+)/.exec(message) ?? []).slice(1).map(Number)
    expect(pids).toHaveLength(2)
    await worker.kill()
    await eventually('they are gone', () => !pids.some(isAlive))
  },
  60_000,
)

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
