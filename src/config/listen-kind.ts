import { resolve } from 'node:path'
import { type Kind, writtenText } from './kind.ts'
import { withVariables } from './path-kind.ts'
import type { Place } from './place.ts'
import type { Role } from './reading.ts'
import type { ListenAddress } from './settings.ts'
import { text } from './simple-kinds.ts'

const expected = '127.0.0.1:PORT or unix:PATH'
const thisMachineOnly = 'only this machine is answered; whoever else is to ask goes through a proxy on it'

/** Where a process answers questions: an address that only this machine reaches. */
export function listenAddress(users: readonly Role[]): Kind<ListenAddress> {
  return {
    expected,
    schema: text.schema,
    read: (at) => readAddress(at, users),
  }
}

function readAddress(at: Place, users: readonly Role[]): ListenAddress | undefined {
  const written = writtenText(at, expected)
  if (written === undefined) return undefined
  const address = withVariables(written, at, users)
  // A variable that is missing here is told of where it is needed.
  if (address === written && written.includes(`\${`)) return undefined
  if (address.startsWith('unix:')) return readSocket(at, address.slice('unix:'.length))
  const [, host = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(address) ?? []
  const port = Number(digits)
  if (/^\d+$/.test(address)) return at.mismatch(expected, `write 127.0.0.1:${address}`)
  if (port < 1 || port > 65_535) return at.mismatch(expected)
  const loopback = loopbackOf(host)
  return loopback === undefined
    ? at.mismatch(expected, thisMachineOnly)
    : { kind: 'tcp', host: loopback, port }
}

function readSocket(at: Place, path: string): ListenAddress | undefined {
  const absolute = resolve(at.directory, path)
  if (path === '' || path.includes('\0')) return at.mismatch(expected)
  // The kernel's limit (unix(7)); a longer path would be cut off without a word.
  if (Buffer.byteLength(absolute) > 107) return at.problem('the path of a socket may have 107 bytes')
  return { kind: 'unix', path: absolute }
}

function loopbackOf(host: string): string | undefined {
  if (host === 'localhost') return '127.0.0.1'
  if (host === '[::1]') return '::1'
  return /^127(\.\d{1,3}){3}$/.test(host) && host.split('.').every((part) => Number(part) <= 255)
    ? host
    : undefined
}
