import { inspect } from 'node:util'
import type { ErrorReport } from '../../task/run-result.ts'

/** What was thrown, in words. */
export interface Thrown {
  /** One line. */
  readonly reason: string
  /** With the stack, where there is one. */
  readonly detail: string
  /** What of it travels to whoever sent the task. */
  readonly error: ErrorReport
}

const longestReason = 1_000
const longestName = 100
const longestMessage = 10_000

/** Never throws, whatever was thrown: null, a proxy, an error whose message is a getter that throws. */
export function describeThrown(thrown: unknown): Thrown {
  try {
    if (!(thrown instanceof Error)) {
      const text = typeof thrown === 'string' ? thrown : inspect(thrown, { depth: 1 })
      const message = text.slice(0, longestMessage)
      return { reason: oneLine(`threw ${text}`), detail: text, error: { name: 'Thrown', message } }
    }
    const name = String(thrown.name)
    const message = String(thrown.message)
    const plain = name === 'Error' || name === 'Permanent'
    return {
      reason: oneLine(plain ? message || name : `${name}: ${message}`),
      detail: String(thrown.stack ?? `${name}: ${message}`),
      error: { name: name.slice(0, longestName), message: message.slice(0, longestMessage) },
    }
  } catch {
    const message = 'something that cannot be described'
    return { reason: `threw ${message}`, detail: '', error: { name: 'Thrown', message } }
  }
}

/** `instanceof` that answers also of a proxy that would rather throw. */
export function isA<T>(thrown: unknown, type: abstract new (...args: never[]) => T): thrown is T {
  try {
    return thrown instanceof type
  } catch {
    return false
  }
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').slice(0, longestReason)
}
