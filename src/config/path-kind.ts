import { dirname, isAbsolute, join, resolve } from 'node:path'
import { interpolate } from './interpolate.ts'
import { fromText, type Kind } from './kind.ts'
import type { Place } from './place.ts'
import type { Role } from './reading.ts'

/** A path, absolute or from the directory of the file. */
export function path(expected: string, users: readonly Role[]): Kind<string> {
  return fromText(expected, (text, at) => {
    if (text === '' || text.includes('\0')) return {}
    if (text.startsWith('~/')) return { hint: `~ is not replaced here; write \${HOME}/…` }
    return { value: resolve(at.directory, withVariables(text, at, users)) }
  })
}

/** A pattern of paths, absolute or from the directory of the file, whose own name is no pattern whatever it holds. */
export function pattern(expected: string, users: readonly Role[]): Kind<string> {
  return fromText(expected, (text, at) => {
    if (text === '' || text.includes('\0')) return {}
    if (text.startsWith('~/')) return { hint: `~ is not replaced here; write \${HOME}/…` }
    const written = withVariables(text, at, users)
    return { value: isAbsolute(written) ? written : join(literally(at.directory), written) }
  })
}

/** A path as a pattern that matches nothing else. */
export function literally(path: string): string {
  return path.replaceAll(/[[\]{}*?()]/g, '[$&]')
}

/** The directory where what matches a pattern is, or below which it is. */
export function directoryOf(pattern: string): string {
  const literal = /\[([[\]{}*?()])\]/g
  const names = dirname(pattern).split('/')
  const wild = names.findIndex((name) => /[[{*?(]/.test(name.replaceAll(literal, '')))
  const certain = wild < 0 ? names : names.slice(0, wild)
  return certain.join('/').replaceAll(literal, '$1') || '/'
}

/**
 * The text with the environment put in; as it is where a variable is missing: told to the process that uses it, and
 * to whoever checks the file.
 */
export function withVariables(text: string, at: Place, users: readonly Role[]): string {
  const { env, hostname, role } = at.reading
  const result = interpolate(text, { HOSTNAME: hostname, ...env })
  if ('value' in result) return result.value
  if ('malformed' in result)
    at.problem(`expected \${NAME} or \${NAME:-default}, got ${withoutDefault(result.malformed)}`)
  else {
    const message = `the environment has no ${result.unset.join(', no ')}`
    if (users.includes(role)) at.problem(message)
    else if (role === 'check') at.warning(`${message} here`)
  }
  return text
}

/** As far as the name and what is wrong behind it: the default of `${PASSWORD-…}` is a password. */
function withoutDefault(malformed: string): string {
  const start = /^\$\{\w*[^\w}]?/.exec(malformed)?.[0] ?? ''
  return start.length < malformed.replace(/\}$/, '').length ? `${start}…` : malformed
}
