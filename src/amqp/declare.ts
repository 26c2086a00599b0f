import { type Channel, RefusedError, type Session } from './session.ts'
import type { Topology } from './topology.ts'

export interface Declared {
  /** What stands in the way and what to do about it, each fit for people; empty = everything of ours is there. */
  readonly problems: readonly string[]
  /** Queues of others that nobody has declared yet: to be looked for again. */
  readonly missing: readonly string[]
}

/**
 * Declares everything that is ours and looks for what is not. What exists as it should stays as it is, so this is for
 * every new session. Rejects when the session is lost.
 */
export async function declareTopology(session: Session, topology: Topology): Promise<Declared> {
  const problems: string[] = []
  const missing: string[] = []
  for (const queue of topology.foreign) {
    try {
      const counts = await session.apart(`look for queue ${queue}`, (channel) => channel.checkQueue(queue))
      if (!counts) missing.push(queue)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      problems.push(describeRefusal(queue, error, false))
    }
  }
  problems.push(...(await runAll(session, stepsOf(topology))))
  return { problems, missing }
}

interface Step {
  readonly name: string
  /** Users chose the name, so they can choose another or leave the queue to others. */
  readonly isNamed: boolean
  run(channel: Channel): Promise<unknown>
}

function stepsOf({ exchanges, queues, bindings, named }: Topology): Step[] {
  return [
    ...exchanges.map((exchange) => ({
      name: exchange.name,
      isNamed: false,
      run: (channel: Channel) => channel.declareExchange(exchange),
    })),
    ...queues.map((queue) => ({
      name: queue.name,
      isNamed: named.includes(queue.name),
      run: (channel: Channel) => channel.declareQueue(queue),
    })),
    ...bindings.map(({ queue, exchange, routingKey }) => ({
      name: queue,
      isNamed: false,
      run: (channel: Channel) => channel.bind(queue, exchange, routingKey),
    })),
  ]
}

/** So few on one channel that the deadline of one operation is enough for them. */
const batchSize = 8

/** A refusal ends its channel, so what comes after it goes on with a channel of its own. */
async function runAll(session: Session, steps: readonly Step[]): Promise<string[]> {
  const problems: string[] = []
  let next = 0
  while (next < steps.length) {
    const end = Math.min(next + batchSize, steps.length)
    try {
      await session.apart('declare what taskbeat needs', async (channel) => {
        for (; next < end; next++) await steps[next]?.run(channel)
      })
    } catch (error) {
      const step = steps[next]
      if (!(error instanceof RefusedError) || !step) throw error
      problems.push(describeRefusal(step.name, error, step.isNamed))
      next++
    }
  }
  return problems
}

function describeRefusal(name: string, { replyCode, message }: RefusedError, isNamed: boolean): string {
  switch (replyCode) {
    case 406:
      return `${name} exists with other properties than taskbeat needs: ${message}. ${waysOut(name, isNamed)}`
    case 403:
      return `taskbeat may not declare ${name}: ${message}. Give its user the permission (rabbitmqctl set_permissions)`
    case 405:
      return `${name} belongs to another connection alone: ${message}`
    default:
      return `${name} cannot be declared: ${message}`
  }
}

function waysOut(name: string, isNamed: boolean): string {
  const remove = `Delete it once it is empty (rabbitmqctl delete_queue ${name} --if-empty), and it is made anew`
  return isNamed
    ? `${remove}; or leave it as it is and name another queue, or write "queues: { ${name}: { type: existing } }" if others declare it`
    : remove
}
