import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'

/** The text of a file in UTF-8, a byte order mark left out; or why it is none, with the byte and the line. */
export function decodeText(bytes: Uint8Array): { readonly text: string } | { readonly problem: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    const offset = firstInvalidByte(bytes)
    const line = bytes.subarray(0, offset).filter((byte) => byte === 0x0a).length + 1
    return { problem: `the file is not UTF-8: byte ${offset + 1}, on line ${line}` }
  }
}

/** Where the first character begins that is none, found by halving: a prefix may end within a character. */
function firstInvalidByte(bytes: Uint8Array): number {
  let valid = 0
  let invalid = bytes.length + 1
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1
    if (isPrefixOfUtf8(bytes.subarray(0, middle))) valid = middle
    else invalid = middle
  }
  while (!isUtf8(bytes.subarray(0, valid))) valid--
  return valid
}

function isPrefixOfUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}
