import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, TaskbeatError } from '../core/errors.ts'
import type { Host } from './host.ts'

const systemFile = '/etc/taskbeat/credentials/broker-password'
/**
 * What systemd makes of that file when a unit loads its directory as `taskbeat`; a credential of its own goes before.
 */
const credentialNames = ['broker-password', 'taskbeat_broker-password']

/**
 * The password for the broker: the file that the configuration names, else the systemd credential `broker-password`,
 * else the system's file. Undefined when there is none of them. Throws CONFIG_INVALID when the one that is named, or
 * the one that is there, cannot be read.
 */
export function brokerPassword(named: string | undefined, { env }: Host): string | undefined {
  if (named !== undefined) return read(named)
  const { CREDENTIALS_DIRECTORY: credentials } = env
  // The system's own file is root's alone: a service is handed it as a credential.
  const absent = credentials ? ['ENOENT', 'EACCES'] : ['ENOENT']
  const places = [...(credentials ? credentialNames.map((name) => join(credentials, name)) : []), systemFile]
  for (const place of places) {
    const password = read(place, absent)
    if (password !== undefined) return password
  }
  return undefined
}

function read(path: string): string
function read(path: string, absent: readonly string[]): string | undefined
function read(path: string, absent: readonly string[] = []): string | undefined {
  try {
    // An editor ends a file with a line feed; a password does not.
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    if (error instanceof Error && 'code' in error && absent.includes(String(error.code))) return undefined
    throw new TaskbeatError('CONFIG_INVALID', `cannot read the broker's password: ${describeError(error)}`, {
      cause: error,
    })
  }
}
