import type { Line } from './line.ts'

/**
 * The lines that a person is to read: the message, and below it what helps no program. What a task prints must not
 * steer the terminal of whoever reads it.
 */
export function readableLines({ message, detail }: Line): readonly string[] {
  return [...message.split('\n'), ...(detail ?? [])].map(visible)
}

/** Which run it is about: `0e73c665 attempt 2`; empty when it is about none. */
export function aboutRun({ fields: { id, attempt } }: Line): string {
  return [id && String(id).slice(0, 8), Number(attempt) > 1 && `attempt ${attempt}`].filter(Boolean).join(' ')
}

function visible(text: string): string {
  return text.replaceAll(/(?!\t)[\p{Cc}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}
