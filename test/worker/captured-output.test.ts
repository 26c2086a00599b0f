import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CapturedOutput } from '../../src/worker/executors/captured-output.ts'

function capture(limit: number, ...chunks: readonly (string | Buffer)[]) {
  const captured = new CapturedOutput(limit)
  for (const chunk of chunks) captured.write(Buffer.from(chunk))
  return captured.toOutput()
}

test('nothing written is no output', () => {
  expect(capture(10)).toBeUndefined()
})

test.each([
  ['within the head', ['abc'], { head: 'abc', tail: '', omittedBytes: 0 }],
  ['over both', ['abcdef', 'ghij'], { head: 'abcde', tail: 'fghij', omittedBytes: 0 }],
  ['too much at once', ['abcdefghijklmno'], { head: 'abcde', tail: 'klmno', omittedBytes: 5 }],
  ['too much by and by', ['abcdefgh', 'ij', 'klm', 'no'], { head: 'abcde', tail: 'klmno', omittedBytes: 5 }],
])('head and tail are kept: %s', (_name, chunks, output) => {
  expect(capture(5, ...chunks)).toEqual(output)
})

test('a limit of 0 only counts', () => {
  expect(capture(0, 'abc')).toEqual({ head: '', tail: '', omittedBytes: 3 })
})

test('what is kept is whole characters, and every byte is kept or counted', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ü', '€', '😀') })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(text), (limit, chunks) => {
      const whole = chunks.join('')
      const output = capture(limit, ...chunks) ?? { head: '', tail: '', omittedBytes: 0 }
      expect(whole.startsWith(output.head)).toBe(true)
      expect(whole.endsWith(output.tail)).toBe(true)
      const kept = Buffer.byteLength(output.head) + Buffer.byteLength(output.tail)
      expect(kept + output.omittedBytes).toBe(Buffer.byteLength(whole))
      if (Buffer.byteLength(whole) <= 2 * limit) expect(output.head + output.tail).toBe(whole)
    }),
  )
})
