import { resolve } from 'node:path'
import { parseAmqpUrl } from './amqp-url.ts'
import { type Kind, writtenText } from './kind.ts'
import { withVariables } from './path-kind.ts'
import type { Place } from './place.ts'
import { text } from './simple-kinds.ts'

/** Where the broker is: the absolute path of the embedded one's database, or the addresses of one RabbitMQ. */
export type BrokerPlace =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'amqp'; readonly urls: readonly string[] }

const expected = 'sqlite:PATH or amqp[s]://USER@HOST/VHOST, or a list of the latter'

/** One URL, or a list of those of the nodes of one cluster. */
export const brokerUrl: Kind<BrokerPlace> = {
  expected,
  schema: { anyOf: [text.schema, { type: 'array', items: text.schema, minItems: 1 }] },
  read(at) {
    const places = at.node.kind === 'list' ? at.node.items.map((node, index) => at.item(index, node)) : [at]
    if (places.length === 0) return at.mismatch(expected)
    const read = places.map(readOne)
    const found = read.filter((place) => place !== undefined)
    if (found.length < read.length) return undefined
    const urls = found.flatMap((place) => (place.kind === 'amqp' ? place.urls : []))
    if (urls.length === found.length) return { kind: 'amqp', urls }
    const [only] = found
    return found.length === 1
      ? only
      : at.problem('a list names the nodes of one RabbitMQ cluster, amqp://… or amqps://…')
  },
}

function readOne(at: Place): BrokerPlace | undefined {
  const written = writtenText(at, expected)
  if (written === undefined) return undefined
  const url = withVariables(written, at, ['beat', 'worker', 'dev', 'client'])
  const result = parseBrokerUrl(url, at.directory)
  return 'problem' in result ? at.problem(result.problem) : result
}

/** What a broker URL means. A problem does not quote it: it may hold a password. */
export function parseBrokerUrl(url: string, directory: string): BrokerPlace | { readonly problem: string } {
  if (/^amqps?:/i.test(url)) {
    if (URL.parse(url)?.hostname === '')
      return { problem: 'expected amqp://USER@HOST/VHOST, got no host in it' }
    const address = parseAmqpUrl(url)
    return 'problem' in address ? address : { kind: 'amqp', urls: [url] }
  }
  const path = /^sqlite:(?:\/\/(?=\/))?([^\0]+)$/.exec(url)?.[1]
  if (path === undefined) return { problem: `expected ${expected}, got another kind of URL` }
  if (path.startsWith('~/'))
    return {
      problem: 'expected sqlite:PATH, got a path from ~, which is not replaced here; write the directory',
    }
  if (path.startsWith(':memory:')) return { problem: 'expected sqlite:PATH: beat and worker meet in a file' }
  return { kind: 'sqlite', path: resolve(directory, path) }
}
