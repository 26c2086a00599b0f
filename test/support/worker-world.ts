import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Broker, Intake } from '../../src/broker/broker.ts'
import { systemClock } from '../../src/core/clock.ts'
import { TaskbeatError } from '../../src/core/errors.ts'
import { milliseconds } from '../../src/core/instant.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { openSqliteJournal } from '../../src/sqlite/sqlite-journal.ts'
import { sweepProcesses } from '../../src/system/process-sweep.ts'
import type { Executors } from '../../src/worker/executor.ts'
import { CommandExecutor } from '../../src/worker/executors/command-executor.ts'
import { InlineExecutor } from '../../src/worker/executors/inline-executor.ts'
import type { ProcessGuard } from '../../src/worker/process-guard.ts'
import { Worker, type WorkerOptions, type WorkerPlan } from '../../src/worker/worker.ts'
import type { WorkerEvent } from '../../src/worker/worker-event.ts'
import { EventLog } from './event-log.ts'
import { connectSqlite } from './sqlite-world.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** A guard without a process: tests do not outlive their worker. */
export const noGuard: ProcessGuard = {
  announce: () => ({ environment: {}, spawned: () => {}, ended: () => {} }),
  sweep: (id) => sweepProcesses('TASKBEAT_ID', id),
}

/** For workers whose tasks run elsewhere. */
export const noCells: Pick<Executors, 'thread' | 'process'> = {
  thread: { run: async () => ({ kind: 'failed', reason: 'there are no threads here' }) },
  process: { run: async () => ({ kind: 'failed', reason: 'there are no processes here' }) },
}

/** What is to fail for the time being. */
interface Faults {
  claim: boolean
  record: boolean
  settle: boolean | 'without an answer'
  /** Or what is for this queue. */
  publish: boolean | string
  /** So many looks at what is recorded of a run. */
  reads: number
}

export interface WorkerWorld {
  readonly directory: string
  readonly broker: Broker
  readonly journal: Journal
  readonly log: EventLog<WorkerEvent>
  readonly worker: Worker
  readonly plan: WorkerPlan
  readonly faults: Faults
}

/** A worker on the embedded broker and journal, in a directory of the test's own. */
export function openWorkerWorld(change: Partial<WorkerOptions> = {}): WorkerWorld {
  const directory = temporaryDirectory()
  const faults: Faults = { claim: false, record: false, settle: false, publish: false, reads: 0 }
  const broker = connectSqlite(join(directory, 'broker.db'))
  const journal = openSqliteJournal({
    path: join(directory, 'journal.db'),
    create: true,
    host: 'here',
    pid: process.pid,
  })
  onTestFinished(() => journal.close())
  const log = new EventLog<WorkerEvent>()
  const clock = systemClock
  const plan = {
    registry: new Map(),
    queues: ['taskbeat'],
    concurrency: 2,
    grace: milliseconds(60_000),
    ...change,
  }
  const worker = new Worker({
    broker: withFaults(broker, faults),
    journal: withJournalFaults(journal, faults),
    executors: {
      command: new CommandExecutor({ clock, guard: noGuard, environment: process.env }),
      inline: new InlineExecutor({ clock }),
      ...noCells,
    },
    guard: noGuard,
    host: 'here',
    clock,
    random: () => 0,
    emit: log.emit,
    refresh: async () => {},
    ...plan,
  })
  onTestFinished(() => worker.stop(AbortSignal.abort()))
  return { directory, broker, journal, log, worker, plan, faults }
}

/** Settling rejects as long as it shall. */
function withFaults(broker: Broker, faults: Faults): Pick<Broker, 'consume' | 'publish'> {
  return {
    publish: async (messages) => {
      if (faults.publish === true || messages.some(({ queue }) => queue === faults.publish))
        throw new TaskbeatError('BROKER_UNAVAILABLE', 'no space left')
      await broker.publish(messages)
    },
    consume: (intake: Intake) =>
      broker.consume({
        ...intake,
        deliver: (delivery) =>
          intake.deliver({
            ...delivery,
            settle: async (verdict, result) => {
              if (faults.settle === 'without an answer') await new Promise(() => {})
              if (faults.settle) throw new TaskbeatError('BROKER_UNAVAILABLE', 'no space left')
              await delivery.settle(verdict, result)
            },
          }),
      }),
  }
}

/** Claims and records reject, and reads throw, as long as they shall. */
function withJournalFaults(
  journal: Journal,
  faults: Faults,
): Pick<Journal, 'attempts' | 'claim' | 'record' | 'states' | 'told' | 'untold'> {
  return {
    states: (ids) => journal.states(ids),
    attempts: (id) => {
      if (faults.reads > 0) {
        faults.reads--
        throw new TaskbeatError('STATE_UNUSABLE', 'it has been locked')
      }
      return journal.attempts(id)
    },
    untold: (isHeldUp) => journal.untold(isHeldUp),
    told: (id, attempt) => journal.told(id, attempt),
    claim: async (request) => {
      if (faults.claim) throw new TaskbeatError('STATE_UNUSABLE', 'the disk is full')
      return journal.claim(request)
    },
    record: async (ending) => {
      if (faults.record) throw new TaskbeatError('STATE_UNUSABLE', 'the disk is full')
      await journal.record(ending)
    },
  }
}
