/** What may be measured once more when it was exceeded (vitest.config.ts): others may have wanted the machine. */
export function expectTook(ms: number, atMost: number): void {
  if (!(ms < atMost)) throw new Error(`took ${Math.round(ms)} ms, and less than ${atMost} ms is allowed`)
}
