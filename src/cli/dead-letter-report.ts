import type { DeadLetter } from '../broker/dead-letters.ts'
import { printable } from '../config/problem.ts'
import { toIso } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { isoOrNull, localTime, machineZone } from './local-time.ts'
import { print, type Terminal } from './terminal.ts'

export const deadLetterHeadings = ['since', 'what', 'queue', 'attempts', 'id', 'reason'] as const

/** One line of `dead list`. */
export function toDeadLetterRow({ id, at, queue, reason, message }: DeadLetter): readonly string[] {
  const what = message ? (message.occurrence?.entry ?? message.task) : '(not decodable)'
  return [
    localTime(at, machineZone()),
    what,
    queue,
    message ? String(message.attempt) : '',
    id.slice(0, 8),
    reason,
  ]
}

/** For people: why it is there, and the message as it was sent. */
export function printDeadLetter(terminal: Terminal, letter: DeadLetter): void {
  const { id, at, queue, reason, message, raw } = letter
  print(terminal, printable(`${id}, set aside ${localTime(at, machineZone())} from ${queue}: ${reason}`))
  const text = message ? JSON.stringify(toMessageJson(message), null, 2) : (raw ?? '')
  for (const line of text.split('\n')) print(terminal, printable(line))
}

/** For programs. `message` is null for what could not be decoded; `raw` is then what arrived, as text. */
export function toDeadLetterJson({ id, at, queue, reason, message, raw }: DeadLetter): unknown {
  return {
    id,
    entry: message?.occurrence?.entry ?? null,
    task: message?.task ?? null,
    queue,
    at: toIso(at),
    reason,
    message: message ? toMessageJson(message) : null,
    raw: raw ?? null,
  }
}

function toMessageJson({ args, kwargs, priority, eta, attempt, expires, occurrence }: TaskMessage): unknown {
  return {
    args,
    kwargs,
    priority,
    eta: toIso(eta),
    attempt,
    expires: isoOrNull(expires),
    due: isoOrNull(occurrence?.due),
  }
}
