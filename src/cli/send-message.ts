import { Option } from 'commander'
import { openExistingBroker, openExistingJournal } from '../app/existing-state.ts'
import { queuesOf } from '../app/open-broker.ts'
import type { Broker } from '../broker/broker.ts'
import { didYouMean } from '../config/did-you-mean.ts'
import { printable } from '../config/problem.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import { type Milliseconds, milliseconds, toIso } from '../core/instant.ts'
import type { Journal } from '../journal/journal.ts'
import type { AttemptRecord } from '../journal/run.ts'
import type { RunResult } from '../task/run-result.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { exitCode } from './exit-code.ts'
import { LiveOutput } from './live-output.ts'
import { duration } from './option-values.ts'
import { outcomeWords } from './outcome-words.ts'
import { toRunDetailsJson } from './run-json.ts'
import { describeAttempt, printOutput } from './run-report.ts'
import { print, printJson, remark, type Terminal } from './terminal.ts'
import { AttemptsOfRun, type EndOfRun, exitCodeOfRun, waitForRun } from './wait-for-run.ts'

export interface SendOptions {
  /** Stay until it has ended, and end as it did. */
  readonly wait?: true
  readonly waitTimeout?: Milliseconds
  readonly json?: true
}

/** What `--wait` does, for the help of the commands that have it. */
export const waitOption = [
  '--wait',
  'wait until it has ended, print its output as it comes, and exit with its exit code',
] as const

/** The same with an end. */
export function waitTimeoutOption(): Option {
  return new Option(
    '--wait-timeout <duration>',
    '--wait for so long at the most; then exit with 124, as timeout(1)',
  )
    .argParser(duration)
    .implies({ wait: true })
}

/** Sends one message, tells its id, and waits for the end of its run if asked to. Resolves with the exit code. */
export async function sendMessage(
  terminal: Terminal,
  settings: Settings,
  message: TaskMessage,
  options: SendOptions,
): Promise<number> {
  const broker = openExistingBroker(settings, terminal.host)
  try {
    if (options.wait) return await sendAndWait(terminal, settings, broker, message, options)
    await broker.publish([message])
    await remarkOnQueue(terminal, settings, broker, message)
    const { id, occurrence, task, queue, eta } = message
    if (options.json)
      printJson(terminal, { id, entry: occurrence?.entry ?? null, task, queue, eta: toIso(eta) })
    else print(terminal, id)
    return exitCode.ok
  } finally {
    await broker.close()
  }
}

async function sendAndWait(
  terminal: Terminal,
  settings: Settings,
  broker: Broker,
  message: TaskMessage,
  options: SendOptions,
): Promise<number> {
  // Opened before anything is sent: who cannot read it would wait for nothing.
  const journal = openJournal(terminal, settings)
  const name = printable(message.occurrence?.entry ?? message.task)
  const run = new AttemptsOfRun(journal, message.id, (attempt) =>
    remark(terminal, `${name}: ${printable(describeAttempt(attempt))}; another follows`),
  )
  // A program gets one document, when all is over.
  const live = options.json ? undefined : new LiveOutput({ terminal, name, nextAttempt: () => run.tell() })
  try {
    await broker.results.send([message], live && ((part) => live.take(part)))
    remark(terminal, `${name}: waiting for ${message.id}`)
    const over = new AbortController()
    // Beside the waiting, for it may take its time; and without a remark it goes on.
    void remarkOnQueue(terminal, settings, broker, message, over.signal).catch(() => {})
    const ending = await awaitEnd(run, broker, live, options).finally(() => over.abort())
    live?.close()
    reportEnd(terminal, message, ending, live)
    return exitCodeOfRun(ending)
  } finally {
    await journal?.close()
  }
}

/** On RabbitMQ it may run on any host, and this one may have none. */
function openJournal(terminal: Terminal, settings: Settings): Journal | undefined {
  try {
    return openExistingJournal(settings, terminal.host)
  } catch (error) {
    if (settings.broker.kind === 'sqlite' || !(error instanceof TaskbeatError)) throw error
    return undefined
  }
}

async function remarkOnQueue(
  terminal: Terminal,
  settings: Settings,
  broker: Broker,
  message: TaskMessage,
  over?: AbortSignal,
): Promise<void> {
  const { workers } = await broker.status()
  if (over?.aborted) return
  if (!workers.some(({ queues }) => queues.includes(message.queue))) remarkOnWait(terminal, settings, message)
}

function remarkOnWait(terminal: Terminal, settings: Settings, { queue }: TaskMessage): void {
  remark(terminal, `no worker takes from the queue ${printable(queue)} now; it waits there for one`)
  const known = queuesOf(settings)
  if (!known.includes(queue))
    remark(terminal, `the configuration names no such queue${didYouMean(queue, known)}`)
}

async function awaitEnd(
  run: AttemptsOfRun,
  { results }: Broker,
  live: LiveOutput | undefined,
  { waitTimeout: timeout }: SendOptions,
): Promise<EndOfRun> {
  const clock = systemClock
  return waitForRun(run, {
    clock,
    timeout,
    result: (signal) => results.wait(run.id, signal),
    printed: async ({ attempt, started }, told) => {
      if (!live || started === undefined) return
      const enough = new AbortController()
      void clock.sleep(forTheRest, enough.signal).then(() => enough.abort())
      await live.completed(attempt, AbortSignal.any([told, enough.signal]))
      enough.abort()
    },
  })
}

/** What has not been told by then of what was printed last, after it was recorded, is lost. */
const forTheRest = milliseconds(1_000)

/** `live`: what was printed while it ran; without it, all is told as JSON. */
function reportEnd(
  terminal: Terminal,
  { id, task, queue, occurrence }: TaskMessage,
  ending: EndOfRun,
  live: LiveOutput | undefined,
): void {
  const name = printable(occurrence?.entry ?? task)
  if ('result' in ending) {
    const { result } = ending
    if (!live) printJson(terminal, { id, entry: occurrence?.entry ?? null, task, queue, result })
    const isKnown = live?.isComplete() || !hasRun(result)
    const missing = live?.hasTold() ? endIsMissing : notKept
    remark(terminal, `${name}: ${printable(describeResult(result))}${isKnown ? '' : `; ${missing}`}`)
    return
  }
  const last = ending.attempts.at(-1)
  if (!live) printJson(terminal, toRunDetailsJson(ending.attempts))
  else if (last?.output && !live.hasTold(last.attempt)) printOutput(terminal, last.output)
  if (last) remark(terminal, `${name}: ${printable(describeAttempt(last))}${restOf(last, live)}`)
}

const notKept = 'its output is not kept on this host'
const endIsMissing = 'the end of its output may be missing'

function hasRun({ outcome }: RunResult): boolean {
  return outcome !== 'skipped' && outcome !== 'expired' && outcome !== 'revoked'
}

/** Where to look for what was not told. */
function restOf({ id, attempt }: AttemptRecord, live: LiveOutput | undefined): string {
  if (!live?.hasTold(attempt) || live.isWhole(attempt)) return ''
  return `; not all of its output is here: see taskbeat show ${id}`
}

function describeResult(result: RunResult): string {
  const { text } = outcomeWords[result.outcome]
  return result.outcome === 'succeeded' ? text : `${text}: ${result.error.message}`
}
