import { accessSync, constants } from 'node:fs'
import { placeOf } from '../amqp/address.ts'
import { openAmqpBroker } from '../amqp/amqp-broker.ts'
import type { Broker } from '../broker/broker.ts'
import type { BrokerEvent } from '../broker/broker-event.ts'
import { type Address, parseAmqpUrl } from '../config/amqp-url.ts'
import type { BrokerSettings, Settings } from '../config/settings.ts'
import { backgroundClock, systemClock } from '../core/clock.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'
import { openSqliteBroker } from '../sqlite/sqlite-broker.ts'
import { defaultQueue } from '../task/task-message.ts'
import { brokerPassword } from './broker-password.ts'
import type { Host } from './host.ts'
import { refuseWithoutAccess } from './state-access.ts'

/** What of a configuration says how messages travel. */
export interface BrokerPlan extends Pick<Settings, 'broker' | 'queues' | 'schedules' | 'tasks'> {
  readonly worker: Pick<Settings['worker'], 'queues'>
}

export interface OpenBroker {
  readonly settings: BrokerPlan
  readonly host: Host
  /** Make what is missing, where the broker is files. */
  readonly create: boolean
  readonly emit: (event: BrokerEvent) => void
  /** It does not keep the process alive: whoever waits for something of it does. */
  readonly background?: true
}

/** The broker that the configuration names. Throws STATE_UNUSABLE, STATE_CORRUPT or CONFIG_INVALID. */
export function openBroker({ settings, host, create, emit, background }: OpenBroker): Broker {
  const { broker } = settings
  const common = { clock: background ? backgroundClock : systemClock, host: host.name, pid: host.pid, emit }
  if (broker.kind === 'sqlite') {
    refuseWithoutAccess(broker.path)
    return openSqliteBroker({ ...common, path: broker.path, create })
  }
  brokerPassword(broker.passwordFile, host) // whoever starts hears at once that it cannot be read
  const addresses = broker.urls.map(addressOf)
  if (addresses.some(({ tls }) => tls)) requireTlsFiles(broker.tls)
  const types = new Map(settings.queues.map(({ name, type }) => [name, type]))
  const { heartbeat, hold, consumerTimeout, tls } = broker
  return openAmqpBroker({
    ...common,
    ...(background ? { background } : {}),
    addresses,
    readPassword: async () => brokerPassword(broker.passwordFile, host),
    tls,
    heartbeat,
    hold,
    consumerTimeout,
    group: broker.group,
    queues: queuesOf(settings),
    typeOf: (queue) => types.get(queue) ?? 'quorum',
    random: Math.random,
  })
}

type TlsSettings = Extract<BrokerSettings, { readonly kind: 'amqp' }>['tls']

/** They are read for each connection; that one is missing is a mistake of who starts, not a broker that is away. */
function requireTlsFiles(tls: TlsSettings): void {
  for (const [which, path] of Object.entries(tls)) {
    try {
      accessSync(path, constants.R_OK)
    } catch (error) {
      const message = `cannot read broker.tls.${which}: ${describeError(error)}`
      throw new TaskbeatError('CONFIG_INVALID', message, { cause: error })
    }
  }
}

/** Where the broker is, for people: a path, or hosts and vhost, never a password. */
export function describeBroker(broker: BrokerSettings): string {
  if (broker.kind === 'sqlite') return broker.path
  const addresses = broker.urls.map(addressOf)
  const [first] = addresses
  return `${first?.tls ? 'amqps' : 'amqp'}://${addresses.map(placeOf).join(',')}/${first?.vhost === '/' ? '' : first?.vhost}`
}

function addressOf(url: string): Address {
  const address = parseAmqpUrl(url)
  if ('problem' in address) throw new TaskbeatError('CONFIG_INVALID', `broker.url: ${address.problem}`)
  return address
}

/** Every queue that the file names. */
export function queuesOf({ schedules, tasks, worker, queues }: BrokerPlan): string[] {
  const named = [
    ...worker.queues,
    ...queues.map(({ name }) => name),
    ...schedules.map(({ queue }) => queue),
    ...tasks.flatMap(({ queue }) => queue ?? []),
  ]
  return [...new Set([defaultQueue, ...named])]
}
