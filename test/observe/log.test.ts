import { PassThrough } from 'node:stream'
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
