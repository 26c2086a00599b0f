import { expect, test } from 'vitest'
import { journaldText } from '../../src/observe/journald-log.ts'
import type { Line } from '../../src/observe/line.ts'

const line = (change: Partial<Line>): Line => ({ level: 'info', message: 'ready', fields: {}, ...change })

test('a line has the priority of its level, and no time', () => {
  const levels = ['debug', 'info', 'warn', 'error'] as const
  expect(levels.map((level) => journaldText(line({ level })))).toEqual([
    '<7>ready\n',
    '<6>ready\n',
    '<4>ready\n',
    '<3>ready\n',
  ])
})

test('what helps people stands below the message with the same priority', () => {
  const text = journaldText(
    line({ level: 'error', message: 'a.yaml:1:1: bad', detail: ['  every: 5', '  ^'] }),
  )
  expect(text).toBe('<3>a.yaml:1:1: bad\n<3>    every: 5\n<3>    ^\n')
})

test('a line break in a message makes no line of its own at the edge, and no priority', () => {
  expect(journaldText(line({ message: 'a: one\n<0>forged\r\u001b[2K' }))).toBe(
    '<6>a: one\n<6>  <0>forged\u{fffd}\u{fffd}[2K\n',
  )
})

test('what is too long for an entry is continued in others of the same priority', () => {
  const message = '\u{1f600}'.repeat(20_000)
  const entries = journaldText(line({ level: 'error', message }))
    .trimEnd()
    .split('\n')
  expect(entries.every((entry) => entry.startsWith('<3>') && Buffer.byteLength(entry) < 48 * 1_024)).toBe(
    true,
  )
  expect(entries.map((entry) => entry.replace(/^<3>(?: {2})?/, '')).join('')).toBe(message)
})

test('the end of a run is told with its id, what it prints is not', () => {
  const fields = { id: '0e73c665-d5dd-525b-b9e2-78aba9184580', attempt: 2 }
  expect(journaldText(line({ message: 'backup failed', fields }))).toBe(
    '<6>backup failed (0e73c665 attempt 2)\n',
  )
  expect(journaldText(line({ message: 'backup: line', fields: { ...fields, stream: 'stdout' } }))).toBe(
    '<6>backup: line\n',
  )
})
