import { readFile } from 'node:fs/promises'
import type { Clock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { Milliseconds } from '../core/instant.ts'
import { type Address, placeOf } from './address.ts'
import { openConnection } from './amqplib-connect.ts'
import { AmqplibSession } from './amqplib-session.ts'
import { toConnectError } from './connect-error.ts'
import { type Deadlines, overdue } from './deadlines.ts'

/** What the URLs leave open. */
export interface Credentials {
  readonly username?: string
  readonly password?: string
}

/** Paths of PEM files, read for each connection: a certificate that was renewed is in use with the next. */
export interface TlsFiles {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface OpenSession {
  readonly address: Address
  readonly name: string
  readonly credentials: Credentials
  readonly tls: TlsFiles
  readonly heartbeatMs: Milliseconds
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly signal: AbortSignal
  readonly onBlocked: (reason: string) => void
  readonly onUnblocked: () => void
}

/** One connection, greeted and listened to. Rejects with BROKER_UNAVAILABLE, in words for a person. */
export async function openSession(options: OpenSession): Promise<AmqplibSession> {
  const { address, credentials, clock, deadlines, signal } = options
  const username = address.username ?? credentials.username ?? 'guest'
  const password = address.password ?? credentials.password ?? 'guest'
  const tls = address.tls ? await readTlsFiles(options.tls) : {}
  // The end of the socket for as long as it greets; the session holds the socket itself.
  const end = new AbortController()
  const onAbort = () => end.abort()
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  const done = new AbortController()
  const begun = clock.monotonic()
  let late = false
  void overdue(clock, deadlines.connectMs, () => begun, done.signal).then((isOverdue) => {
    late = isOverdue
    if (isOverdue) end.abort()
  })
  try {
    // Raced, because amqplib can be left by its socket at a moment when it tells nobody.
    const raw = await Promise.race([
      openConnection({
        address,
        username,
        password,
        name: options.name,
        heartbeatSeconds: Math.max(1, Math.round(options.heartbeatMs / 1_000)),
        tls,
        signal: end.signal,
      }),
      rejectedBy(end.signal),
    ])
    return new AmqplibSession({ ...options, raw, place: placeOf(address) })
  } catch (error) {
    if (!late) throw toConnectError(error, address, username)
    throw new TaskbeatError(
      'BROKER_UNAVAILABLE',
      `${placeOf(address)} did not greet as RabbitMQ does within ${deadlines.connectMs} ms: a firewall, another service, or a broker that hangs`,
      { cause: error },
    )
  } finally {
    done.abort()
    signal.removeEventListener('abort', onAbort)
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

async function readTlsFiles(files: TlsFiles): Promise<{ ca?: Buffer; cert?: Buffer; key?: Buffer }> {
  const read: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {}
  for (const which of ['ca', 'cert', 'key'] as const) {
    const path = files[which]
    if (path === undefined) continue
    try {
      read[which] = await readFile(path)
    } catch (error) {
      throw new TaskbeatError('BROKER_UNAVAILABLE', `tls.${which} cannot be read: ${path}`, { cause: error })
    }
  }
  return read
}
