import { readFile } from 'node:fs/promises'
import { describeError, TaskbeatError } from '../core/errors.ts'
import type { Milliseconds } from '../core/instant.ts'
import { type Address, placeOf } from './address.ts'
import { letProcessEnd, openConnection } from './amqplib-connect.ts'
import { AmqplibSession, type SessionParts } from './amqplib-session.ts'
import { toConnectError, wasRefusedVhost } from './connect-error.ts'
import { overdue } from './deadlines.ts'
import { askVhostRefusal, type Greeting } from './vhost-refusal.ts'

/** Where a password is that the URL leaves open: read for each connection, so that one that was changed is in use with the next. */
export type ReadPassword = () => Promise<string | undefined>

/** Paths of PEM files, read for each connection: a certificate that was renewed is in use with the next. */
export interface TlsFiles {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface OpenSession extends Omit<SessionParts, 'raw' | 'place'> {
  readonly address: Address
  readonly name: string
  /** Undefined = there is none, as when it resolves with undefined: then it is `guest`. */
  readonly readPassword: ReadPassword | undefined
  readonly tls: TlsFiles
  readonly heartbeatMs: Milliseconds
  readonly signal: AbortSignal
  /** Once it is open it does not keep the process alive. */
  readonly background?: boolean
}

/** One connection, greeted and listened to. Rejects with BROKER_UNAVAILABLE, in words for a person. */
export async function openSession(options: OpenSession): Promise<AmqplibSession> {
  const { address, clock, deadlines, signal } = options
  const username = address.username ?? 'guest'
  const password = address.password ?? (await readPassword(options.readPassword)) ?? 'guest'
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
  const greeting: Greeting = { address, username, password, tls, signal: end.signal }
  try {
    // Raced, because amqplib can be left by its socket at a moment when it tells nobody.
    const raw = await Promise.race([
      openConnection({
        ...greeting,
        name: options.name,
        heartbeatSeconds: Math.max(1, Math.round(options.heartbeatMs / 1_000)),
      }),
      rejectedBy(end.signal),
    ])
    if (options.background) letProcessEnd(raw)
    return new AmqplibSession({ ...options, raw, place: placeOf(address) })
  } catch (error) {
    if (!late) throw toConnectError(error, address, username, await refusalOf(error, greeting))
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

/** What the broker said, where amqplib does not hand it on. */
async function refusalOf(error: unknown, greeting: Greeting): Promise<string | undefined> {
  return wasRefusedVhost(error) ? askVhostRefusal(greeting) : undefined
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

async function readPassword(read: ReadPassword | undefined): Promise<string | undefined> {
  try {
    return await read?.()
  } catch (error) {
    throw new TaskbeatError('BROKER_UNAVAILABLE', describeError(error), { cause: error })
  }
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
