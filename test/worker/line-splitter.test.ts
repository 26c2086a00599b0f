import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineSplitter, longestLineBytes } from '../../src/worker/executors/line-splitter.ts'

/** What comes out when these bytes come in pieces of these sizes. */
function split(bytes: Buffer, sizes: readonly number[] = []) {
  const pieces: { line: string; cut: boolean }[] = []
  const splitter = new LineSplitter((line, cut) => pieces.push({ line, cut }))
  let at = 0
  for (const size of sizes) {
    splitter.write(bytes.subarray(at, at + size))
    at += size
  }
  splitter.write(bytes.subarray(at))
  splitter.end()
  return pieces
}

test('how the bytes arrive makes no difference to the lines', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), fc.array(fc.nat(5)), (texts, sizes) => {
      const lines = texts.map((text) => text.replace(/[\r\n]/g, '').toWellFormed())
      const whole = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      expect(split(whole, sizes)).toEqual(lines.map((line) => ({ line, cut: false })))
    }),
  )
})

test('a line that is too long comes in pieces that say so, cut between characters', () => {
  const line = `x${'€'.repeat(longestLineBytes)}`
  const pieces = split(Buffer.from(`${line}\nnext\n`), [7, 50_000])
  expect(pieces.at(-1)).toEqual({ line: 'next', cut: false })
  const long = pieces.slice(0, -1)
  expect(long.map(({ line }) => line).join('')).toBe(line)
  expect(long.map(({ cut }) => cut)).toEqual([...long.slice(1).map(() => true), false])
  for (const piece of long) expect(Buffer.byteLength(piece.line)).toBeLessThanOrEqual(longestLineBytes)
})

test('a line of exactly the longest length is one piece', () => {
  expect(split(Buffer.from(`${'x'.repeat(longestLineBytes)}\n`))).toEqual([
    { line: 'x'.repeat(longestLineBytes), cut: false },
  ])
})

test('bytes that are no characters are cut all the same', () => {
  const pieces = split(Buffer.alloc(100_000, 0x80))
  expect(pieces.map(({ line }) => line.length).reduce((sum, length) => sum + length, 0)).toBe(100_000)
})
