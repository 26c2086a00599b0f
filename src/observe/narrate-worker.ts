import { describeDuration } from '../core/duration.ts'
import { describeError } from '../core/errors.ts'
import { toIso } from '../core/instant.ts'
import { type Outcome, reasonOf } from '../task/outcome.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { Verdict } from '../task/verdict.ts'
import type { RunEvent, WorkerEvent } from '../worker/worker-event.ts'
import type { Line } from './line.ts'

export function narrateWorker(event: WorkerEvent): Line {
  switch (event.kind) {
    case 'workerStarted':
      return {
        level: 'info',
        message: `working on ${event.queues.join(', ')}, up to ${event.concurrency} at once`,
        fields: { queues: event.queues, concurrency: event.concurrency },
      }
    case 'workerReloaded':
      return {
        level: 'info',
        message: `tasks reloaded: ${event.tasks}; working on ${event.queues.join(', ')}, up to ${event.concurrency} at once`,
        fields: { tasks: event.tasks, queues: event.queues, concurrency: event.concurrency },
      }
    case 'drainStarted':
      return {
        level: 'info',
        message:
          event.running.length === 0
            ? 'stopping'
            : `stopping: waiting up to ${describeDuration(event.grace)} for ${names(event.running)}`,
        fields: { running: event.running.length },
      }
    case 'drainWaiting':
      return {
        level: 'info',
        message: `still waiting for ${names(event.running)} after ${describeDuration(event.waited)}`,
        fields: { running: event.running.length },
      }
    case 'workerStopped':
      return { level: 'info', message: 'stopped', fields: {} }
    case 'taskUnknown':
      return {
        level: 'warn',
        message: `task ${event.task} is not defined here; its messages are given back until they expire, or for 10 minutes`,
        fields: { task: event.task, id: event.message.id },
      }
    case 'journalUnwritable':
      return {
        level: 'error',
        message: `no work is taken, the journal cannot be written: ${describeError(event.error)}`,
        fields: {},
      }
    case 'journalRecovered':
      return {
        level: 'info',
        message: `the journal can be written again after ${describeDuration(event.after)}`,
        fields: {},
      }
    case 'noticesGivenUp':
      return {
        level: 'error',
        message: `nobody will be told of ${event.count === 1 ? 'a failed run' : `${event.count} failed runs`}: no queue took the word of it for 30 days, or more than 10,000 waited`,
        fields: { count: event.count },
      }
    case 'intakeFailed':
      return { level: 'error', message: `cannot ask for work: ${describeError(event.error)}`, fields: {} }
    case 'guardLost':
      return {
        level: 'warn',
        message: `the guard process was gone, another follows: ${event.reason}`,
        fields: {},
      }
    case 'cgroupsFound':
      return { level: 'debug', message: `each run has a cgroup of its own, below ${event.path}`, fields: {} }
    case 'cgroupsMissing':
      return {
        level: event.wanted ? 'info' : 'debug',
        message: `runs have no cgroups of their own, what they leave is found by its process group: ${event.reason}`,
        fields: {},
      }
    case 'cgroupFailed':
      return {
        level: 'warn',
        message: `a run has no cgroup, its process group only: ${event.reason}`,
        fields: event.run === undefined ? {} : { id: event.run },
      }
    case 'cellLost':
      return {
        level: 'warn',
        message: `a ${event.isolation} that waited for tasks has ended: ${event.reason}`,
        fields: {},
      }
    case 'modulePrinted':
      return {
        level: 'debug',
        message: `a ${event.isolation} that runs no task: ${event.line}`,
        fields: { stream: event.stream },
      }
    case 'cellStuck':
      return {
        level: 'error',
        message: `a ${event.isolation} cannot be ended and is left behind: a task in it waits for the system, or loops where V8 does not interrupt it (${event.stuck} of at most ${event.most})${event.stuck < event.most ? '' : '; the worker ends, to be started again'}`,
        fields: { stuck: event.stuck },
      }
    case 'modulesLoaded':
      return {
        level: 'info',
        message: `${event.tasks} task${event.tasks === 1 ? '' : 's'} from ${event.files} module${event.files === 1 ? '' : 's'}`,
        fields: { tasks: event.tasks, files: event.files },
      }
    case 'moduleFailed':
      return { level: 'error', message: `${event.file}: ${event.reason}`, fields: { file: event.file } }
    default:
      return narrateRun(event)
  }
}

function narrateRun(event: RunEvent): Line {
  const fields = about(event.message)
  const name = nameOf(event.message)
  switch (event.kind) {
    case 'runStarted':
      return {
        level: 'debug',
        message: `${name} started`,
        fields: { ...fields, lateness_ms: event.lateness },
      }
    case 'runEnded':
      return narrateEnd(event)
    case 'runTakenOver':
      return {
        level: 'warn',
        message: `${name} runs again: the worker that ran it has died${event.killed > 0 ? `, ${event.killed} of its processes were killed` : ''}`,
        fields: { ...fields, instance: event.instance },
      }
    case 'runInterrupted':
      return { level: 'warn', message: `${name} is interrupted: ${event.reason}`, fields }
    case 'settleFailed':
      return {
        level: 'error',
        message: `${name} has ended, and the broker could not be told: ${describeError(event.error)}`,
        fields: { ...fields, verdict: event.verdict.kind },
      }
    case 'noticeFailed':
      return {
        level: 'error',
        message: `${name} has failed, and ${event.task} could not be told: ${describeError(event.error)}`,
        fields: { ...fields, on_failure: event.task },
      }
    case 'runLeftUnsettled':
      return {
        level: 'error',
        message: `${name} was left as it is and comes again: ${describeError(event.error ?? 'the worker stopped before that could be told')}`,
        fields,
      }
    case 'outputLine': {
      const text = `${event.line}${event.cut ? ' …' : ''}`
      return { level: 'info', ...saying(name, text), fields: { ...fields, stream: event.stream } }
    }
    case 'outputOmitted':
      return {
        level: 'warn',
        message: `${name} has printed ${event.lines.toLocaleString('en')} more line${event.lines === 1 ? '' : 's'} than the log gets of one run in 30 s`,
        fields: { ...fields, lines: event.lines },
      }
    case 'taskLogged':
      return { level: event.level, ...saying(name, event.text), fields: { ...event.fields, ...fields } }
    case 'resultDropped':
      return { level: 'warn', message: `${name}: what it returned cannot be kept: ${event.reason}`, fields }
  }
}

const ended = {
  succeeded: 'succeeded',
  failed: 'failed',
  timedOut: 'timed out',
  retryAsked: 'asked to be tried again',
  interrupted: 'was interrupted',
  skipped: 'was skipped',
  expired: 'expired',
  revoked: 'was revoked',
} as const

function narrateEnd({ message, outcome, verdict, ran }: Extract<RunEvent, { kind: 'runEnded' }>): Line {
  const reason = reasonOf(outcome)
  const took = ran
    ? ` ${outcome.kind === 'succeeded' ? 'in' : 'after'} ${describeDuration(ran.duration)}`
    : ''
  return {
    level: levelOf(outcome, verdict),
    message: `${nameOf(message)} ${ended[outcome.kind]}${took}${reason ? `: ${reason}` : ''}${consequence(verdict)}`,
    fields: {
      ...about(message),
      outcome: outcome.kind,
      ...(ran ? { duration_ms: Math.round(ran.duration), lateness_ms: Math.round(ran.lateness) } : {}),
      ...(outcome.kind === 'failed' && outcome.exitCode !== undefined ? { exit_code: outcome.exitCode } : {}),
    },
  }
}

function levelOf(outcome: Outcome, verdict: Verdict): Line['level'] {
  switch (outcome.kind) {
    case 'failed':
    case 'timedOut':
      return 'error'
    case 'interrupted':
      // What does not run again is lost, unless somebody wanted it ended.
      return verdict.kind === 'release' || outcome.cancelled ? 'warn' : 'error'
    case 'expired':
    case 'skipped':
      return 'warn'
    default:
      return 'info'
  }
}

function consequence(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'ack':
      return ''
    case 'retry':
      return `; next attempt at ${new Date(verdict.at).toTimeString().slice(0, 8)}`
    case 'release':
      return '; given back'
    case 'deadLetter':
      return '; set aside as dead'
  }
}

/** What people call a run: its entry, or its task when it was sent by hand. */
function nameOf({ occurrence, task }: TaskMessage): string {
  return occurrence?.entry ?? task
}

function saying(by: string, text: string): Pick<Line, 'message' | 'said'> {
  return { message: `${by}: ${text}`, said: { by, text } }
}

function about({ id, task, attempt, occurrence }: TaskMessage): Record<string, unknown> {
  return occurrence
    ? { entry: occurrence.entry, task, id, attempt, due: toIso(occurrence.due) }
    : { task, id, attempt }
}

function names(running: readonly TaskMessage[]): string {
  const shown = running.slice(0, 5).map(nameOf)
  return running.length > shown.length
    ? `${shown.join(', ')} and ${running.length - shown.length} more`
    : shown.join(', ')
}
