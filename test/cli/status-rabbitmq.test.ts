import { expect, onTestFinished, test } from 'vitest'
import { connectAmqp } from '../support/amqp-broker-world.ts'
import { aMessage, soon } from '../support/messages.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openCliWorld } from './cli-world.ts'

const rabbitmq = useRabbitmq()

test('on RabbitMQ a queue that the file does not name is shown to who names it', async () => {
  const url = await rabbitmq.url()
  await connectAmqp(url, { queues: ['slwo'] }).publish([aMessage({ queue: 'slwo' })])
  const { run } = openCliWorld(`broker: { url: "${url}" }\nschedules: {}\n`)
  const queues = async (...argv: string[]): Promise<unknown> =>
    ((await run('status', '--json', ...argv)).json() as { queues: unknown }).queues
  expect(await queues()).toMatchObject([{ name: 'taskbeat', ready: 0 }])
  await expect
    .poll(() => queues('--queue', 'slwo', '--queue', 'none'), { timeout: 30_000 })
    .toMatchObject([{ name: 'slwo', ready: 1 }, { name: 'taskbeat' }, { name: 'none', ready: 0 }])
  const refused = await run('status', '--queue', 'slwo.dead')
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('--queue: ')
})

test('on RabbitMQ the status shows every beat, how their schedules differ, and what is delayed further', async () => {
  const url = await rabbitmq.url()
  const over = new AbortController()
  onTestFinished(() => over.abort())
  const stand = (host: string, group: string, hash: string, names: readonly string[]) => {
    const entries = new Map(names.map((name) => [name, { hash: 'same' }]))
    const schedule = () => ({ hash, entries })
    const broker = connectAmqp(url, { host, group })
    const term = broker.lead({ group, host, pid: 7, scheduleHash: hash, schedule }, over.signal)
    term.catch(() => {}) // it never led
    return { broker, term }
  }
  const leader = stand('oak', 'main', 'h1', ['a', 'b'])
  await leader.term
  stand('elm', 'main', 'h2', ['b', 'c'])
  await stand('fir', 'second', 'h3', []).term
  await leader.broker.publish([aMessage({ eta: soon(3_600_000) })])
  const { run } = openCliWorld(`broker: { url: "${url}" }\nschedules: {}\n`)
  const status = async (): Promise<string> => (await run('status')).stdout
  await expect.poll(status, { timeout: 30_000 }).toMatch(/^beat +on elm/m)
  const printed = await status()
  expect(printed).toMatch(/^beat +on oak, pid 7, leads since/m)
  expect(printed).toMatch(/^beat +on elm, pid 7, stands by with another schedule: \+c, -a$/m)
  expect(printed).toMatch(/^beat +on fir, pid 7, leads the group second$/m)
  expect(printed).toMatch(/^delayed further, for all queues: 1$/m)
  expect((await run('status', '--json')).json()).toMatchObject({
    leader: { host: 'oak' },
    standbys: [
      { host: 'elm', same_schedule: false, difference: { added: ['c'], removed: ['a'], changed: [] } },
    ],
    other_leaders: [{ group: 'second', host: 'fir' }],
    delayed: 1,
  })
})
