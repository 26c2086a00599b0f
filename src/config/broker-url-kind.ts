import { resolve } from 'node:path'
import { type Kind, notSupportedYet } from './kind.ts'
import { withVariables } from './path-kind.ts'
import { text } from './simple-kinds.ts'

const expected = 'sqlite:PATH'

/** Where the broker is; read as the absolute path of the embedded broker's database. */
export const brokerUrl: Kind<string> = {
  expected,
  read(at) {
    if (at.node.kind === 'list') return at.problem(notSupportedYet)
    const written = text.read(at)
    if (written === undefined) return undefined
    const result = parseBrokerUrl(
      withVariables(written, at, ['beat', 'worker', 'dev', 'client']),
      at.reading.directory,
    )
    return 'path' in result ? result.path : at.problem(result.problem)
  },
}

/** What a broker URL means. A problem does not quote it: it may hold a password. */
export function parseBrokerUrl(
  url: string,
  directory: string,
): { readonly path: string } | { readonly problem: string } {
  if (/^amqps?:/i.test(url)) return { problem: `${url.slice(0, url.indexOf(':'))}: is ${notSupportedYet}` }
  const path = /^sqlite:(?:\/\/(?=\/))?([^\0]+)$/.exec(url)?.[1]
  if (path === undefined) return { problem: `expected ${expected}, got another kind of URL` }
  if (path.startsWith(':memory:')) return { problem: `expected ${expected}: beat and worker meet in a file` }
  return { path: resolve(directory, path) }
}
