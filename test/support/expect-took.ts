/** Says how long it took when that was too long. */
export function expectTook(ms: number, atMost: number): void {
  if (!(ms < atMost)) throw new Error(`took ${Math.round(ms)} ms, and less than ${atMost} ms is allowed`)
}
