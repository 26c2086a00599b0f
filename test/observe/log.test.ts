import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import type { Line } from '../../src/observe/line.ts'
import { createLog } from '../../src/observe/log.ts'

function write(format: 'pretty' | 'json', line: Line): string {
  const stream = new PassThrough({ encoding: 'utf8' })
  createLog({ level: 'info', format, stream: stream as unknown as NodeJS.WriteStream }).write(line)
  return stream.read() ?? ''
}

const problem: Line = {
  level: 'error',
  message: 'a.yaml:1:1: every: expected a duration, got 5',
  detail: ['  every: 5', '         ^'],
  fields: {},
}

test('the line of the file with its caret stands below the message for people, and is no part of the JSON', () => {
  expect(write('pretty', problem).split('\n').slice(1)).toEqual(['    every: 5', '           ^', ''])
  const { message, level, ...rest } = JSON.parse(write('json', problem))
  expect({ message, level }).toEqual({ message: problem.message, level: 'error' })
  expect(Object.keys(rest)).toEqual(['time'])
})

test('a line break in a message cannot forge a line of the log', () => {
  const forged: Line = { level: 'info', message: 'a: one\n12:00:00.000 b succeeded\r\u001b[2K', fields: {} }
  const [first, second] = write('pretty', forged).split('\n')
  expect(first).toMatch(/^[\d:.]+ a: one$/)
  expect(second).toBe('  12:00:00.000 b succeeded\u{fffd}\u{fffd}[2K')
  expect(write('json', forged).trimEnd()).not.toContain('\n')
})

test.each(['pretty', 'json', 'journald'] as const)(
  'of a log in %s that nobody reads a bounded part waits, and how much was lost is told to who reads again',
  async (format) => {
    const reader = Promise.withResolvers<void>()
    let read: string[] = []
    const stream = new Writable({
      write(chunk, _encoding, done) {
        read.push(String(chunk))
        void reader.promise.then(() => done())
      },
    })
    const log = createLog({ level: 'info', format, stream: stream as unknown as NodeJS.WriteStream })
    const line = (message: string): Line => ({ level: 'info', message, fields: {} })
    const [count, length] = [10_000, 10_000]
    for (let written = 0; written < count; written++) log.write(line('x'.repeat(length)))
    expect(stream.writableLength).toBeLessThan((count * length) / 4)
    reader.resolve()
    await expect.poll(() => stream.writableLength).toBe(0)
    const lost = count - read.length
    read = []
    log.write(line('first'))
    log.write(line('second'))
    await expect.poll(() => read.join('')).toContain('second')
    expect(read.join('')).toMatch(new RegExp(`${lost} lines of the log were lost[^]*first[^]*second`))
    expect(read).toHaveLength(3)
  },
)
