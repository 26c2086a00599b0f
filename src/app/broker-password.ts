import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, TaskbeatError } from '../core/errors.ts'
import type { Host } from './host.ts'

const systemFile = '/etc/taskbeat/credentials/broker-password'

/**
 * The password for the broker: the file that the configuration names, else the systemd credential `broker-password`,
 * else the system's file. Undefined when there is none of them. Throws CONFIG_INVALID when the one that is named, or
 * the one that is there, cannot be read.
 */
export function brokerPassword(named: string | undefined, { env }: Host): string | undefined {
  if (named !== undefined) return read(named)
  const { CREDENTIALS_DIRECTORY: credentials } = env
  const places = [...(credentials ? [join(credentials, 'broker-password')] : []), systemFile]
  for (const place of places) {
    const password = read(place, { mayBeMissing: true })
    if (password !== undefined) return password
  }
  return undefined
}

function read(path: string): string
function read(path: string, options: { readonly mayBeMissing: true }): string | undefined
function read(path: string, options?: { readonly mayBeMissing: true }): string | undefined {
  try {
    // An editor ends a file with a line feed; a password does not.
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (options && isMissing) return undefined
    throw new TaskbeatError('CONFIG_INVALID', `cannot read the broker's password: ${describeError(error)}`, {
      cause: error,
    })
  }
}
