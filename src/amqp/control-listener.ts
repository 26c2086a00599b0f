import type { Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { newUuid } from '../core/uuid.ts'
import { largestMessageBytes } from '../task/task-message.ts'
import {
  type ControlAnswer,
  type ControlReply,
  type ControlRequest,
  decodeRequest,
  encodeReply,
} from './control.ts'
import type { Channel, Outgoing, QueueDeclaration, Session } from './session.ts'
import { controlExchange } from './topology.ts'

/** Answers one method; what it throws or rejects with is told to the caller. The arguments come from outside. */
export type ControlMethod = (args: Readonly<Record<string, unknown>>) => unknown

export interface ControlListenerParts {
  /** Names this process to callers; two of one name both answer. */
  readonly node: string
  readonly methods: Readonly<Record<string, ControlMethod>>
  readonly clock: Clock
}

export interface ControlListener {
  close(): Promise<void>
}

/**
 * Hears what is said over the control exchange, for as long as the session lives: on a queue that only this connection
 * sees and that goes with it. `ping` is always answered. What is no request is dropped: whoever may write to the
 * exchange can send anything, and nobody waits for an answer.
 */
export async function openControlListener(
  session: Session,
  parts: ControlListenerParts,
): Promise<ControlListener> {
  const queue = `taskbeat.control.${newUuid()}`
  await session.apart(`declare ${controlExchange.name}`, (apart) => apart.declareExchange(controlExchange))
  const channel = await session.openChannel({ confirm: false, prefetch: 0 })
  await channel.declareQueue(ownQueue(queue))
  await channel.bind(queue, controlExchange.name, '')
  const methods = new Map<string, ControlMethod>([
    ['ping', () => ({ ok: 'pong' })],
    ...Object.entries(parts.methods),
  ])
  await channel.consume(queue, { noAck: true }, (incoming) => {
    const request = decodeRequest(incoming, parts.clock.now())
    if ('problem' in request) return
    if (request.destination && !request.destination.includes(parts.node)) return
    void act(channel, request, parts.node, methods)
  })
  return { close: () => channel.close() }
}

/** For one connection alone. The kind is said because a virtual host may have quorum as its default, which cannot be exclusive. */
export function ownQueue(name: string): QueueDeclaration {
  return {
    name,
    durable: false,
    exclusive: true,
    autoDelete: true,
    arguments: { 'x-queue-type': 'classic', 'x-max-length': 10_000 },
  }
}

async function act(
  channel: Channel,
  request: ControlRequest,
  node: string,
  methods: ReadonlyMap<string, ControlMethod>,
): Promise<void> {
  const reply = { node, ...(await answerOf(request, methods)) }
  if (!request.answer || channel.lost.aborted) return
  await channel.publish(encodeSmallReply(reply, request.answer))
}

async function answerOf(
  { method, arguments: args }: ControlRequest,
  methods: ReadonlyMap<string, ControlMethod>,
): Promise<Pick<ControlReply, 'value' | 'error'>> {
  const run = methods.get(method)
  if (!run) return { error: `unknown method ${JSON.stringify(method.slice(0, 60))}` }
  try {
    return { value: await run(args) }
  } catch (error) {
    return { error: describeError(error) }
  }
}

function encodeSmallReply(reply: ControlReply, answer: ControlAnswer): Outgoing {
  const error = (text: string): Outgoing => encodeReply({ node: reply.node, error: text }, answer)
  try {
    const outgoing = encodeReply(reply, answer)
    return outgoing.body.length <= largestMessageBytes ? outgoing : error('the answer is too large')
  } catch {
    return error('the answer is not JSON')
  }
}
