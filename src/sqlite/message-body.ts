import { PublishError } from '../broker/publish-error.ts'
import { jsonDepth } from '../core/json-depth.ts'
import { parseTaskMessage, type Undecodable } from '../task/parse-task-message.ts'
import { largestMessageBytes, type TaskMessage } from '../task/task-message.ts'

/** How deep the arguments of a message may be nested, the message's own three levels included. */
const deepestNesting = 64

/** A message that was accepted may grow: its attempt and its ETA take more digits later. */
const largestStoredBytes = largestMessageBytes + 64

/** The message as it is stored. Throws MESSAGE_REFUSED for what no consumer could take. */
export function encodeMessage(message: TaskMessage): string {
  return encode(message, largestMessageBytes)
}

/** The same for a message that was accepted before, and comes again as another attempt. */
export function encodeAgain(message: TaskMessage): string {
  return encode(message, largestStoredBytes)
}

function encode(message: TaskMessage, mostBytes: number): string {
  const refused = (why: string, cause?: unknown): PublishError =>
    new PublishError('MESSAGE_REFUSED', `cannot send ${message.task} (${message.id}): ${why}`, {
      failed: [message.id],
      othersAccepted: false,
      cause,
    })
  let body: string
  try {
    body = JSON.stringify(message)
  } catch (error) {
    throw refused('its arguments are not JSON', error)
  }
  const bytes = Buffer.byteLength(body)
  if (bytes > mostBytes) throw refused(`it has ${bytes} bytes, and ${mostBytes} are the most`)
  const decoded = decodeMessage(body)
  if ('problem' in decoded) throw refused(decoded.problem)
  return body
}

/** What was stored, taken with suspicion: anybody in the service's group can write it. */
export function decodeMessage(body: string): TaskMessage | Undecodable {
  if (body.length > largestStoredBytes) return { problem: `it is longer than ${largestStoredBytes} bytes` }
  if (jsonDepth(body, deepestNesting) > deepestNesting) {
    return { problem: `it is nested deeper than ${deepestNesting} levels` }
  }
  try {
    return parseTaskMessage(JSON.parse(body))
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: 'it is no JSON' }
    throw error
  }
}
