import { resolve } from 'node:path'
import { milliseconds } from '../core/instant.ts'
import type { BrokerValues } from './broker-keys.ts'
import { type BrokerPlace, parseBrokerUrl } from './broker-url-kind.ts'
import type { Reading } from './reading.ts'
import type { Values } from './section.ts'
import type { BrokerSettings } from './settings.ts'

/**
 * Where messages wait: what the environment says comes before the file, and without either it is the embedded broker.
 */
export function readBroker(
  given: Values<BrokerValues> | undefined,
  stateDir: string,
  reading: Reading,
): BrokerSettings {
  const place = overridden(reading) ??
    given?.url?.value ?? { kind: 'sqlite', path: resolve(stateDir, 'broker.db') }
  return atPlace(place, given)
}

/** The broker at this place, and what else was said of it. */
export function atPlace(place: BrokerPlace, given?: Values<BrokerValues>): BrokerSettings {
  const group = given?.group?.value ?? 'main'
  if (place.kind === 'sqlite') return { kind: 'sqlite', group, path: place.path }
  const tls = given?.tls?.value
  return {
    kind: 'amqp',
    group,
    urls: place.urls,
    ...(given?.password_file && { passwordFile: given.password_file.value }),
    tls: {
      ...(tls?.ca && { ca: tls.ca.value }),
      ...(tls?.cert && { cert: tls.cert.value }),
      ...(tls?.key && { key: tls.key.value }),
    },
    heartbeat: given?.heartbeat?.value ?? milliseconds(10_000),
    hold: given?.hold?.value ?? milliseconds(60_000),
    consumerTimeout: given?.consumer_timeout?.value ?? milliseconds(1_800_000),
  }
}

function overridden({ env, report }: Reading): BrokerPlace | undefined {
  const { TASKBEAT_BROKER_URL: url } = env
  if (!url) return undefined
  const parsed = parseBrokerUrl(url, report.sources.directory)
  if (!('problem' in parsed)) return parsed
  report.problemOutside({ file: '$TASKBEAT_BROKER_URL', path: '', message: parsed.problem })
  return undefined
}
