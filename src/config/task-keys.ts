import type { Milliseconds } from '../core/instant.ts'
import { defaultIsolation, type Isolation, isolations } from '../task/isolation.ts'
import type { Rate } from '../task/rate.ts'
import type { RetryPolicy } from '../task/retry-policy.ts'
import { argv, script, userName, variables } from './command-kinds.ts'
import { oneOf } from './kind.ts'
import { path } from './path-kind.ts'
import { queueName } from './queue-name.ts'
import { retry } from './retry-kind.ts'
import type { Section } from './section.ts'
import {
  duration,
  durationOrNone,
  name,
  rateOrNone,
  size,
  text,
  wholeNumber,
  yesOrNo,
} from './simple-kinds.ts'

export interface TaskValues {
  readonly command: readonly string[]
  readonly shell: string
  readonly stdin: 'json'
  readonly env: Readonly<Record<string, string>>
  readonly env_file: string
  readonly cwd: string
  readonly user: string
  readonly timeout: Milliseconds | 'none'
  readonly soft_timeout: Milliseconds | 'none'
  readonly kill_after: Milliseconds
  readonly retry: RetryPolicy
  readonly delivery: 'at_least_once' | 'at_most_once'
  readonly on_failure: string
  readonly rate: Rate | 'none'
  readonly concurrency: number
  readonly journal: boolean
  readonly queue: string
  readonly isolation: Isolation
  readonly output_limit: number
  readonly result_ttl: Milliseconds | 'none'
  readonly description: string
}

const largestOutputBytes = 16 * 1_048_576

/** The keys of a task: under `tasks`, or beside the command of an entry that defines its task in place. */
export const taskKeys: Section<TaskValues> = {
  keys: {
    command: { kind: argv, doc: 'The program and its arguments, as written; no shell is involved.' },
    shell: { kind: script, doc: 'A line or a script for /bin/sh -c.' },
    stdin: {
      kind: oneOf(['json']),
      doc: '`json` writes the arguments to standard input as {"args": […], "kwargs": {…}}.',
      default: '/dev/null',
      ofCommands: true,
    },
    env: {
      kind: variables,
      doc: 'Environment variables on top of the few that every command has; those under `defaults` are added.',
      ofCommands: true,
    },
    env_file: {
      kind: path('a path', ['worker', 'dev']),
      doc: 'A file of NAME=value lines, read at each start; `env` goes before it.',
      ofCommands: true,
    },
    cwd: {
      kind: path('a path', ['worker', 'dev']),
      doc: 'Where the command runs.',
      default: 'the directory of this file',
      ofCommands: true,
    },
    user: {
      kind: userName,
      doc: 'The user that the command runs as, by a worker that runs as root; another refuses what is not to run as its own user.',
      default: "the worker's, or $TASKBEAT_DEFAULT_USER where that runs as root",
      ofCommands: true,
    },
    timeout: {
      kind: durationOrNone(1),
      doc: 'How long one attempt may take before it is ended.',
      default: 'none',
    },
    soft_timeout: {
      kind: durationOrNone(1),
      doc: 'After how long an attempt is asked to end: SIGTERM for a command, an aborted `ctx.signal` for a function. With it, `timeout` kills at once.',
      default: 'none',
    },
    kill_after: {
      kind: duration(0),
      doc: 'Between SIGTERM and SIGKILL when an attempt is ended.',
      default: '10s',
    },
    retry: {
      kind: retry,
      doc: 'How often a failed attempt is tried again, or {max, delay, factor, max_delay, jitter, exit_codes}.',
      default: '0',
    },
    delivery: {
      kind: oneOf(['at_least_once', 'at_most_once']),
      doc: '`at_most_once`: one attempt, and when its worker dies at it, it is reported and not made again.',
      default: 'at_least_once',
    },
    on_failure: {
      kind: name,
      doc: 'The task that is sent word when a run has failed for good or an occurrence was missed; `none` takes back what `defaults` says.',
      default: 'none',
    },
    rate: {
      kind: rateOrNone,
      doc: 'How many of its runs may start in so much time, in each worker process; the others wait, and take no slot.',
      default: 'none',
    },
    concurrency: {
      kind: wholeNumber(1, 10_000),
      doc: 'How many of its runs may execute at once in each worker process; the others wait, and take no slot.',
      default: "the worker's",
    },
    journal: {
      kind: yesOrNo,
      doc: '`false`: its runs are not written down, for speed; one that was delivered twice runs twice.',
      default: 'true',
    },
    queue: { kind: queueName, doc: 'The queue that it waits in.', default: 'the queue taskbeat' },
    isolation: {
      kind: oneOf(isolations),
      doc: 'Where the code of a module task runs: in a thread or a process of its own, or in that of the worker.',
      default: defaultIsolation,
    },
    output_limit: {
      kind: size(largestOutputBytes, '16MiB'),
      doc: "How much of the output's head, and as much of its tail, is kept.",
      default: '64KiB',
    },
    result_ttl: {
      kind: durationOrNone(1_000),
      doc: 'For how long the result of a sent task can be asked for, if there is room; `none`: nobody is told it.',
      default: '1d',
    },
    description: { kind: text, doc: 'For people.' },
  },
}
