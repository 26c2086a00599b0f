import { TaskbeatError } from '../core/errors.ts'
import { type Address, placeOf } from './address.ts'

/**
 * Why no session could be opened, for the person who has to do something about it. Never holds the password. `refusal`:
 * what the broker said of the vhost.
 */
export function toConnectError(
  error: unknown,
  address: Address,
  username: string,
  refusal?: string,
): TaskbeatError {
  const place = placeOf(address)
  const why = wasRefusedVhost(error)
    ? describeVhostRefusal(address, place, username, refusal)
    : describe(error, address, place, username)
  const words = wordsOf(error, refusal)
  const cause = words === undefined ? error : new Error(words, { cause: error })
  return new TaskbeatError('BROKER_UNAVAILABLE', why, { cause })
}

/** In place of words that say nothing to a person: what the broker said instead, or OpenSSL's name for it. */
function wordsOf(error: unknown, refusal: string | undefined): string | undefined {
  if (refusal !== undefined) return refusal
  const code = codeOf(error)
  return code?.startsWith('ERR_SSL') ? code : undefined
}

/** The user was let in, and not into the vhost. */
export function wasRefusedVhost(error: unknown): boolean {
  return /ConnectionOpenOk; got <ConnectionClose/.test(textOf(error))
}

function describeVhostRefusal(
  { vhost }: Address,
  place: string,
  username: string,
  refusal = 'there is none of that name, or the user has no permission for it',
): string {
  return `${place} lets ${username} in, but not into the vhost ${vhost}: ${refusal}`
}

function describe(error: unknown, address: Address, place: string, username: string): string {
  const code = codeOf(error)
  const text = textOf(error)
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NONAME':
      return `the broker ${place} cannot be found: no address is known for the name ${address.host}`
    case 'ECONNREFUSED':
      return `${place} refuses connections: no broker is running there`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way to ${place}: the network does not lead there`
    case 'ETIMEDOUT':
      return `${place} does not answer`
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `${place} does not speak TLS: is it the port for amqp://?`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${place} is for another host: ${text}`
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${place} has expired`
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${place} is not valid yet: is the clock of this machine right?`
  }
  if (code !== undefined && unknownAuthority.has(code))
    return `the certificate of ${place} is signed by nobody known here: name its authority in tls.ca (${text})`
  if (code?.startsWith('ERR_SSL') || code?.startsWith('ERR_TLS') || code?.startsWith('ERR_OSSL'))
    return `${place} and taskbeat do not agree on TLS, or it wants a client certificate (tls.cert, tls.key): ${text}`
  if (code !== undefined) return `no connection to ${place}: ${text}`
  return describeGreeting(text, address, place, username)
}

const unknownAuthority: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
])

/** amqplib tells what went wrong while greeting in words only: the one place where an error is read by its text. */
function describeGreeting(text: string, { tls }: Address, place: string, username: string): string {
  if (/: 403 \(/.test(text)) return `${place} does not accept the user ${username} with this password`
  if (/terminated by server: (.*)$/s.test(text)) return `${place} ended the greeting: ${text}`
  if (/^SASL mechanism/.test(text)) return `${place} does not take user and password: ${text}`
  const otherwise = tls ? '' : ', a port that wants amqps://'
  return `${place} does not greet as RabbitMQ does: another service${otherwise}, or a node that is starting or stopping (${text})`
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim()
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
