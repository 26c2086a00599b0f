import { hash } from 'node:crypto'

/** The SHA-1 of a text in 40 hexadecimal digits: to tell texts apart, not to keep anybody from making two alike. */
export function hashText(text: string): string {
  return hash('sha1', text, 'hex')
}
