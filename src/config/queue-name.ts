import type { Kind } from './kind.ts'
import { isName, name, nameExpected } from './simple-kinds.ts'
import { quoted } from './yaml-node.ts'

/** RabbitMQ's limit is 255, and what belongs to a queue is named after it, a worker's host and all. */
const longestBytes = 150

/** What taskbeat names the queues that it makes beside those that users name. */
const reserved: readonly { readonly pattern: RegExp; readonly means: string }[] = [
  { pattern: /\.eta$/, means: 'what ends in .eta holds messages until they are due' },
  { pattern: /\.dead$/, means: 'what ends in .dead holds dead letters' },
  { pattern: /\.lane\.\d+$/, means: 'what ends in .lane.N holds runs that may not overlap' },
  { pattern: /\.running\./, means: 'what has .running. in it holds long runs' },
  { pattern: /^taskbeat\./, means: 'what begins with taskbeat. is its own' },
  { pattern: /^amq\./, means: 'what begins with amq. is RabbitMQ’s own' },
]

/** Why this cannot be the name of a queue that users choose; undefined = it can. */
export function queueNameProblem(queue: string): string | undefined {
  if (!isName(queue)) return `expected ${nameExpected}, got ${quoted(queue)}`
  if (Buffer.byteLength(queue) > longestBytes)
    return `expected the name of a queue in at most ${longestBytes} bytes, got ${Buffer.byteLength(queue)}`
  const taken = reserved.find(({ pattern }) => pattern.test(queue))
  return taken && `expected a queue that taskbeat does not make itself, got ${quoted(queue)}: ${taken.means}`
}

/** The name of a queue, as users choose it. */
export const queueName: Kind<string> = {
  expected: 'the name of a queue',
  schema: name.schema,
  read(at) {
    const written = name.read(at)
    const problem = written === undefined ? undefined : queueNameProblem(written)
    return problem === undefined ? written : at.problem(problem)
  },
}
