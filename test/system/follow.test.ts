import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openHosts } from '../support/hosts.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import type { World } from '../support/world.ts'

const rabbitmq = useRabbitmq()

const entry = `
schedules:
  told: { cron: "0 2 1 1 *", shell: 'echo one; echo oops >&2; until [ -e "$GO" ]; do sleep 0.05; done; echo two; exit 7' }
`

/** A worker runs on one of these hosts what is triggered on the other, or on the same. */
async function follow(broker: string, here: World, there: World): Promise<void> {
  const go = join(there.directory, 'go')
  for (const world of [here, there])
    world.configure(`broker: { url: "${broker}" }\ndefaults: { env: { GO: "${go}" } }${entry}`)
  const worker = there.worker()
  await worker.said(/^working/)
  const waiting = here.start('trigger', 'told', '--config', 'schedules.yaml', '--wait')
  await expect.poll(() => waiting.lines, { timeout: 20_000 }).toEqual(['one'])
  writeFileSync(go, '')
  const { code, stderr } = await waiting.ended
  expect(code).toBe(7)
  expect(waiting.lines).toEqual(['one', 'two'])
  expect(stderr).toMatch(/^oops$/m)
  expect(stderr).toMatch(/^told: .*failed.*exit code 7$/m)
  expect((await worker.stop()).code).toBe(0)
}

test('trigger --wait prints what a run prints while it does, and ends with its exit code', async () => {
  const world = openWorld()
  await follow('sqlite:state/broker.db', world, world)
})

test('on RabbitMQ also what another host runs', async () => {
  const [here, there] = openHosts(openWorld(), 2) as [World, World]
  await follow(await rabbitmq.url(), here, there)
})
