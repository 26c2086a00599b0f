/**
 * How many of the bytes remain when a character that is cut off at their end is left out. Characters of UTF-8 are one
 * to four bytes, and the first says how many (RFC 3629, 3). What is not UTF-8 is not cut.
 */
export function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (isContinuation(byte)) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** Where the first character begins, when a cut may have left the rest of one in front. */
export function firstCharacter(bytes: Buffer): number {
  let at = 0
  while (at < 3 && isContinuation(bytes[at] ?? 0)) at++
  return at
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
