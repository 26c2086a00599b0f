import type { Output } from '../../task/outcome.ts'
import { firstCharacter, wholeCharacters } from './utf8.ts'

/**
 * Keeps the beginning and the end of whatever is written, `limit` bytes of each, and counts what is between. The
 * memory that it takes is bounded by the limit, and not taken before there is something to keep.
 */
export class CapturedOutput {
  readonly #limit: number
  #head: Buffer | undefined
  #headLength = 0
  /** A ring: the byte number n of the tail is at n modulo the limit. */
  #tail: Buffer | undefined
  #tailTotal = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  write(chunk: Buffer): void {
    let rest = chunk
    if (this.#headLength < this.#limit) {
      this.#head ??= Buffer.allocUnsafeSlow(this.#limit)
      const copied = rest.copy(this.#head, this.#headLength)
      this.#headLength += copied
      rest = rest.subarray(copied)
    }
    if (rest.length > 0 && this.#limit > 0) this.#writeTail(rest)
    else this.#tailTotal += rest.length
  }

  /** What was kept; undefined when nothing was written. Cuts are made between characters. */
  toOutput(): Output | undefined {
    if (this.#headLength + this.#tailTotal === 0) return undefined
    const head = this.#head?.subarray(0, this.#headLength) ?? Buffer.alloc(0)
    const tail = this.#unrolledTail()
    if (tail.length === 0) return { head: head.toString(), tail: '', omittedBytes: this.#tailTotal }
    const headEnd = wholeCharacters(head)
    const lost = this.#tailTotal - tail.length
    if (lost === 0) {
      const rest = Buffer.concat([head.subarray(headEnd), tail])
      return { head: head.toString('utf8', 0, headEnd), tail: rest.toString(), omittedBytes: 0 }
    }
    const tailStart = firstCharacter(tail)
    return {
      head: head.toString('utf8', 0, headEnd),
      tail: tail.toString('utf8', tailStart),
      omittedBytes: head.length - headEnd + lost + tailStart,
    }
  }

  #writeTail(chunk: Buffer): void {
    this.#tail ??= Buffer.allocUnsafeSlow(this.#limit)
    const kept = chunk.subarray(Math.max(0, chunk.length - this.#limit))
    const at = (this.#tailTotal + chunk.length - kept.length) % this.#limit
    const copied = kept.copy(this.#tail, at)
    if (copied < kept.length) kept.copy(this.#tail, 0, copied)
    this.#tailTotal += chunk.length
  }

  #unrolledTail(): Buffer {
    if (!this.#tail || this.#tailTotal <= this.#limit)
      return this.#tail?.subarray(0, this.#tailTotal) ?? Buffer.alloc(0)
    const oldest = this.#tailTotal % this.#limit
    return Buffer.concat([this.#tail.subarray(oldest), this.#tail.subarray(0, oldest)])
  }
}
