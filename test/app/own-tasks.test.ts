import { expect, test } from 'vitest'
import { ownWorker, tellOwnTasks } from '../../src/app/own-tasks.ts'
import type { BrokerSettings } from '../../src/config/settings.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { cellEnvironment } from '../../src/worker/cells/cell-environment.ts'

const file = '/etc/taskbeat/schedules.yaml'
const second = milliseconds(1_000)

function amqp(...urls: string[]): BrokerSettings {
  const lengths = { heartbeat: second, hold: second, consumerTimeout: second }
  return { kind: 'amqp', group: 'main', urls, tls: {}, ...lengths }
}

/** What a task finds of its worker, in a thread or a process, when the worker has this environment. */
function seenByTask(broker: BrokerSettings, env: Record<string, string>) {
  const own: Record<string, string | undefined> = { ...env }
  tellOwnTasks({ file, broker }, own)
  const host = { name: 'here', pid: 1, cwd: '/', isRoot: false, env: cellEnvironment(own) }
  return ownWorker(host)
}

test('a task outside of a worker has none', () => {
  expect(ownWorker({ name: 'here', pid: 1, cwd: '/', isRoot: false, env: {} })).toBeUndefined()
})

test('a task is told of the embedded broker where the file may leave it open', () => {
  const seen = seenByTask({ kind: 'sqlite', group: 'main', path: '/state/broker.db' }, {})
  expect(seen).toMatchObject({ file, host: { env: { TASKBEAT_BROKER_URL: 'sqlite:/state/broker.db' } } })
})

test('a task is told of the broker that the environment of its worker names', () => {
  const url = 'amqp://taskbeat@rabbit.example.org/prod'
  expect(seenByTask(amqp(url), { TASKBEAT_BROKER_URL: url })?.host.env.TASKBEAT_BROKER_URL).toBe(url)
  expect(seenByTask(amqp(url), {})?.host.env.TASKBEAT_BROKER_URL).toBeUndefined()
})

test('a password in the environment of a worker is not told to tasks, who hear why they cannot send', () => {
  const url = 'amqp://taskbeat:secret@rabbit.example.org/prod'
  const ask = () => seenByTask(amqp(url), { TASKBEAT_BROKER_URL: url })
  expect(ask).toThrow(/TASKBEAT_BROKER_URL holds a password.*broker\.url/)
  expect(ask).not.toThrow(/secret/)
})

test('a task finds the credentials of its service where its worker does', () => {
  const seen = seenByTask(amqp('amqp://h'), { CREDENTIALS_DIRECTORY: '/run/credentials/taskworker.service' })
  expect(seen?.host.env.CREDENTIALS_DIRECTORY).toBe('/run/credentials/taskworker.service')
})
