import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'

const rabbitmq = useRabbitmq()

test('of two beats with different files the standby says so, and when it leads whose schedule held and what changed', async () => {
  const url = await rabbitmq.url()
  const [one, other] = [openWorld(), openWorld()]
  const entry = 'every: 1s, command: [./note, ran]'
  one.configure(`broker: { url: "${url}" }\nschedules:\n  both: { ${entry} }\n  former: { ${entry} }\n`)
  other.configure(`broker: { url: "${url}" }\nschedules:\n  both: { ${entry} }\n  latter: { ${entry} }\n`)
  const leader = one.beat()
  await leader.said(/^emitted/)
  const standby = other.beat()
  const name = hostname()
  const standing = await standby.said(/^standing by: the beat/)
  expect(standing).toMatchObject({
    level: 'warn',
    message: `standing by: the beat on ${name}, pid ${leader.pid}, leads with another schedule than that of ${name}: +latter, -former`,
  })
  await leader.kill()
  await standby.said(/^leading/)
  expect(await standby.said(/ led with another schedule/)).toMatchObject({
    level: 'warn',
    message: `the beat on ${name} led with another schedule; from now on the one of ${name} holds`,
  })
  const changed = await standby.said(/^of what was emitted ahead/)
  expect(changed.added).toBeGreaterThan(0)
})
