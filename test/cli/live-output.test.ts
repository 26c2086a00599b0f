import { expect, test } from 'vitest'
import { LiveOutput } from '../../src/cli/live-output.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import type { PrintedLine, PrintedPart } from '../../src/task/printed.ts'

const line = (text: string, change: Partial<PrintedLine> = {}): PrintedLine => ({
  stream: 'stdout',
  line: text,
  cut: false,
  ...change,
})
const part = (
  from: number,
  lines: readonly PrintedLine[],
  change: Partial<PrintedPart> = {},
): PrintedPart => ({
  attempt: 1,
  from,
  lines,
  omitted: 0,
  end: false,
  ...change,
})

/** What is printed, standard error marked. */
function openLive() {
  let text = ''
  const stream = (mark: string) => ({
    write: (written: string) => {
      text += mark + written
    },
  })
  const terminal = { stdout: stream(''), stderr: stream('! ') } as unknown as Terminal
  const live = new LiveOutput({
    terminal,
    name: 'nightly',
    nextAttempt: () => terminal.stderr.write('next\n'),
  })
  return { live, text: () => text }
}

test('each line goes to its own stream, one that came in pieces as one', () => {
  const { live, text } = openLive()
  live.take(part(0, [line('one'), line('oops', { stream: 'stderr' }), line('lo', { cut: true }), line('ng')]))
  expect(text()).toBe('one\n! oops\nlong\n')
})

test('what steers a terminal is not passed on, and a carriage return begins a line', () => {
  const { live, text } = openLive()
  live.take(part(0, [line('10%\r20%\u001b[2J')]))
  expect(text()).toBe('10%\n20%\ufffd[2J\n')
})

test('how much was lost or left out is said where it is missing', () => {
  const { live, text } = openLive()
  live.take(part(0, [line('one')], { omitted: 1_000 }))
  live.take(part(2, [line('three')]))
  expect(text()).toBe(
    'one\n! nightly: it has printed 1,000 lines more than are told\n! nightly: 1 line was lost on its way here\nthree\n',
  )
})

test('an attempt is complete with its last part, and of an earlier one nothing is printed any more', async () => {
  const { live, text } = openLive()
  expect(live.hasTold()).toBe(false)
  const first = live.completed(1, AbortSignal.timeout(10_000))
  live.take(part(0, [line('one')], { end: true }))
  await first
  expect([live.hasTold(1), live.isComplete(1), live.hasTold(2), live.isComplete(2)]).toEqual([
    true,
    true,
    false,
    false,
  ])
  live.take(part(0, [line('two')], { attempt: 2 }))
  live.take(part(1, [line('late')], { attempt: 1 }))
  expect([live.isComplete(1), live.isComplete(2), live.isComplete()]).toEqual([true, false, false])
  expect(text()).toBe('one\n! next\ntwo\n')
})

test('an attempt that was interrupted and begins again is told from its beginning', () => {
  const { live, text } = openLive()
  live.take(part(0, [line('one'), line('two')]))
  live.take(part(0, [line('one')], { end: true }))
  expect(text()).toBe('one\ntwo\n! nightly: attempt 1 begins again\none\n')
  expect(live.isComplete()).toBe(true)
})

test('what comes too late is not printed', () => {
  const { live, text } = openLive()
  live.close()
  live.take(part(0, [line('one')]))
  expect(text()).toBe('')
})
