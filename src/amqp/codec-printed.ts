import { isMap } from '../core/is-map.ts'
import { type PrintedPart, parsePrintedPart } from '../task/printed.ts'
import { replyQueuePrefix } from './control.ts'
import type { Incoming, Outgoing } from './session.ts'

/**
 * How it travels what a run prints: only where the task asked for it by a header, and only to a queue for replies of
 * ours. Others that read the task, Celery's workers among them, pass over the header.
 *
 *     task      header taskbeat_follow: true, and reply_to
 *     part      to reply_to, by the default exchange, header taskbeat_printed: true; not mandatory
 *     body      { id, part }
 */
export const followHeader = 'taskbeat_follow'

const printedHeader = 'taskbeat_printed'

/** More than a part of ours has, whatever is escaped in it. */
const largestBytes = 2_097_152

/** The queue that is told what the run of this message prints; undefined = none. */
export function followerOf({ headers, replyTo }: Incoming): string | undefined {
  if (headers[followHeader] !== true || !replyTo?.startsWith(replyQueuePrefix)) return undefined
  return Buffer.byteLength(replyTo) > 255 ? undefined : replyTo
}

export function encodePrinted(id: string, part: PrintedPart, queue: string): Outgoing {
  return {
    exchange: '',
    routingKey: queue,
    correlationId: id,
    body: Buffer.from(JSON.stringify({ id, part })),
    headers: { [printedHeader]: true },
    contentType: 'application/json',
    persistent: false,
    mandatory: false,
  }
}

export interface ArrivedPart {
  readonly id: string
  readonly part: PrintedPart
}

export function isPrinted({ headers }: Incoming): boolean {
  return headers[printedHeader] === true
}

/** Undefined when it is none. */
export function decodePrinted({ body, contentType }: Incoming): ArrivedPart | undefined {
  if (contentType !== 'application/json' || body.length > largestBytes) return undefined
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (!isMap(value) || typeof value.id !== 'string') return undefined
    const part = parsePrintedPart(value.part)
    return part && { id: value.id, part }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
