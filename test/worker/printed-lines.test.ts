import { expect, test } from 'vitest'
import {
  mostLoggedBytes,
  mostLoggedLines,
  PrintedLines,
  windowMs,
} from '../../src/worker/executors/printed-lines.ts'
import type { WorkerEvent } from '../../src/worker/worker-event.ts'
import { EventLog } from '../support/event-log.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { aMessage } from '../support/messages.ts'

function openLines() {
  const log = new EventLog<WorkerEvent>()
  const clock = new FakeClock()
  clock.loops = 0
  const lines = new PrintedLines({ message: aMessage(), emit: log.emit }, clock)
  return {
    print: (text: string, stream: 'stdout' | 'stderr' = 'stdout') => lines.write(stream, Buffer.from(text)),
    end: () => lines.end(),
    pass: (ms: number) => clock.advance(ms),
    /** Lines, and between them how many were left out. */
    told: () =>
      log.all.map((event) => (event.kind === 'outputLine' ? event.line : 'lines' in event && event.lines)),
  }
}

const tooMuch = 'x\n'.repeat(mostLoggedLines)

test('what a run prints over hours is told, however much it is in all', async () => {
  const { print, end, pass, told } = openLines()
  for (let time = 0; time < 3; time++) {
    print(tooMuch)
    await pass(windowMs)
  }
  end()
  expect(told()).toEqual(Array.from({ length: 3 * mostLoggedLines }, () => 'x'))
})

test('what is too much in its time is counted, and told of before the next line', async () => {
  const { print, end, pass, told } = openLines()
  print(`${tooMuch}left out\nleft `)
  print('out too')
  print('and this', 'stderr')
  await pass(windowMs - 1)
  print('\nleft out\n')
  await pass(1)
  print('still left out\nnext\n', 'stderr')
  print('one more')
  end()
  expect(told().slice(mostLoggedLines)).toEqual([4, 'next', 'one more'])
})

test('a line that was begun when it became too much is told, or counted, once', async () => {
  const { print, end, pass, told } = openLines()
  print('begun', 'stderr')
  print(tooMuch)
  await pass(windowMs)
  print(' and ended\n', 'stderr')
  print('next\n', 'stderr')
  end()
  expect(told().slice(mostLoggedLines)).toEqual([1, 'next'])
})

test('a line without an end is cut off at the bound, and counted once', () => {
  const { print, end, told } = openLines()
  for (let bytes = 0; bytes < 2 * mostLoggedBytes; bytes += 65_536) print('x'.repeat(65_536))
  print('\n')
  end()
  expect(told().filter((each) => typeof each === 'number')).toEqual([1])
})
