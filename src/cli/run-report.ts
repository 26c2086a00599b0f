import { printable } from '../config/problem.ts'
import { describeDuration } from '../core/duration.ts'
import { between } from '../core/instant.ts'
import type { AttemptRecord, EarlierStart } from '../journal/run.ts'
import type { Output } from '../task/outcome.ts'
import { localTime, nameOfOther } from './local-time.ts'
import { outcomeWords } from './outcome-words.ts'
import { paint, print, type Terminal } from './terminal.ts'

/** Everything that the journal has of a run, for people, with the times of this zone. */
export function printRun(terminal: Terminal, attempts: readonly AttemptRecord[], timezone: string): void {
  const [first] = attempts
  if (!first) return
  const { id, entry, task, queue, due } = first
  const facts = [
    entry === undefined ? 'sent by hand' : `entry ${entry}`,
    `task ${task}`,
    `queue ${queue}`,
    ...(due === undefined ? [] : [`due ${localTime(due, timezone)}${nameOfOther(timezone)}`]),
  ]
  print(terminal, paint(terminal, 'bold', printable(id)))
  print(terminal, printable(facts.join(', ')))
  for (const attempt of attempts) {
    const { earlier, output } = attempt
    print(terminal, '')
    print(terminal, paint(terminal, outcomeWords[attempt.outcome].style, printable(describeAttempt(attempt))))
    for (const start of earlier) print(terminal, printable(`  ${placeOf(start, timezone)}, ${endOf(start)}`))
    print(terminal, printable(`  ${placeOf(attempt, timezone)}`))
    if (output) printOutput(terminal, output)
  }
}

/** `attempt 2 failed after 2.3s: exit code 3` */
export function describeAttempt({ attempt, outcome, started, finished, reason }: AttemptRecord): string {
  const took =
    started === undefined || finished === undefined
      ? ''
      : ` ${outcome === 'succeeded' ? 'in' : 'after'} ${describeDuration(between(started, finished))}`
  return `attempt ${attempt} ${outcomeWords[outcome].text}${took}${reason === undefined ? '' : `: ${reason}`}`
}

/** What a task printed, line by line, and how much of it is not there. */
export function printOutput(terminal: Terminal, { head, tail, omittedBytes }: Output): void {
  if (omittedBytes === 0) {
    printLines(terminal, head + tail)
  } else {
    printLines(terminal, head)
    print(terminal, paint(terminal, 'dim', `… ${omittedBytes.toLocaleString('en')} bytes left out …`))
    printLines(terminal, tail)
  }
}

/** What would only move the cursor, as progress bars do, begins a line of its own. */
function printLines(terminal: Terminal, text: string): void {
  if (text === '') return
  for (const line of text.replace(/\r?\n$/, '').split(/\r\n|\n|\r/)) print(terminal, printable(line))
}

function placeOf(
  { started, finished, host, pid }: Omit<EarlierStart, 'started'> & Pick<AttemptRecord, 'started'>,
  timezone: string,
): string {
  const from = started === undefined ? [] : [`from ${localTime(started, timezone)}`]
  const to = finished === undefined ? [] : [`to ${localTime(finished, timezone)}`]
  const times = [...from, ...to].join(' ')
  return `${times === '' ? '' : `${times}${nameOfOther(timezone)} `}on ${host}, worker ${pid}`
}

/** Why it had to start again. */
function endOf({ finished, reason }: EarlierStart): string {
  return finished === undefined ? 'which died' : `interrupted${reason === undefined ? '' : `: ${reason}`}`
}
