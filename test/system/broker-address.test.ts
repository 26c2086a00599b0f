import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { freePort } from '../support/rabbitmq-control.ts'
import { openWorld } from '../support/test-world.ts'

const rabbitmq = useRabbitmq()
const schedules = 'schedules: { e: { every: 1h, command: [./note, ran] } }'

test('beat and worker say why they cannot connect, and go on trying until they are stopped', async () => {
  const world = openWorld()
  world.configure(`broker: { url: "amqp://127.0.0.1:${await freePort()}" }\n${schedules}`)
  for (const service of [world.beat(), world.worker()]) {
    await service.said(/cannot connect .* refuses connections: no broker is running there/)
    await service.said(/trying again in/)
    expect(await service.stop()).toMatchObject({ code: 0 })
  }
})

test('a password that is changed is used with the next connection; one that cannot be read is told', async () => {
  const url = await rabbitmq.url()
  const vhost = url.slice(url.lastIndexOf('/') + 1)
  const user = `user-${vhost}`
  const world = openWorld()
  await rabbitmq.node.addUser(user, 'second')
  await rabbitmq.node.allow(user, vhost)
  world.write('password', 'first\n')
  world.configure(
    `broker: { url: "${url.replace('guest:guest', user)}", password_file: password }\n${schedules}`,
  )
  const worker = world.worker()
  await worker.said(/does not accept the user/)
  world.write('password', 'second\n')
  await worker.said(/^connected to .*consume/, { withinMs: 20_000 })
  rmSync(join(world.directory, 'password'))
  await rabbitmq.node.closeConnections(vhost)
  await worker.said(/cannot connect .*cannot read the broker's password: ENOENT/)
  const { mark } = worker
  world.write('password', 'second\n')
  await worker.said(/^connected to .*consume/, { mark, withinMs: 20_000 })
  expect(await worker.stop()).toMatchObject({ code: 0 })
})
