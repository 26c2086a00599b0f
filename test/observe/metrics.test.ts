import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { BeatEvent } from '../../src/beat/beat-event.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import { instant, milliseconds } from '../../src/core/instant.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import type { Outcome } from '../../src/task/outcome.ts'
import type { TaskMessage } from '../../src/task/task-message.ts'
import type { Verdict } from '../../src/task/verdict.ts'
import type { WorkerEvent } from '../../src/worker/worker-event.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'

const noon = instant(Date.UTC(2026, 10, 22, 12))
const through = { due: noon, entry: 'backup' }

/** The samples that are there after these events, without the comments. */
async function samplesAfter(metrics: Metrics): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

function beat(...events: readonly BeatEvent[]): Metrics {
  const metrics = new Metrics('beat')
  for (const event of events) metrics.note({ from: 'beat', event })
  return metrics
}

function worker(...events: readonly WorkerEvent[]): Metrics {
  const metrics = new Metrics('worker')
  for (const event of events) metrics.note({ from: 'worker', event })
  return metrics
}

function ended(message: TaskMessage, outcome: Outcome, verdict: Verdict, ms?: number): WorkerEvent {
  const ran =
    ms === undefined ? undefined : { started: noon, duration: milliseconds(ms), lateness: milliseconds(3) }
  return { kind: 'runEnded', message, outcome, verdict, ran }
}

const ack: Verdict = { kind: 'ack' }
const succeeded: Outcome = { kind: 'succeeded' }
const failed: Outcome = { kind: 'failed', reason: 'exit code 1' }

test('a beat counts what it has emitted and missed, and says whether it leads', async () => {
  const metrics = beat(
    { kind: 'leadershipTaken', epoch: 3, cursor: undefined, predecessor: undefined },
    { kind: 'occurrencesEmitted', count: 7, through, occurrences: [] },
    { kind: 'occurrencesEmitted', count: 2, through, occurrences: [] },
    {
      kind: 'occurrenceMissed',
      entry: 'e',
      first: noon,
      last: noon,
      count: 4,
      exact: true,
      reason: 'tooOld',
    },
  )
  metrics.showNextDue(noon)
  const samples = await samplesAfter(metrics)
  expect(samples).toContain('taskbeat_leading 1')
  expect(samples).toContain('taskbeat_occurrences_emitted_total 9')
  expect(samples).toContain('taskbeat_occurrences_missed_total{reason="too_old"} 4')
  expect(samples).toContain('taskbeat_occurrences_missed_total{reason="policy"} 0')
  expect(samples).toContain(`taskbeat_next_due_timestamp_seconds ${noon / 1_000}`)
})

test('a beat that has lost its term does not lead, and nothing of the term fails any more', async () => {
  const metrics = beat(
    { kind: 'leadershipTaken', epoch: 3, cursor: undefined, predecessor: undefined },
    { kind: 'emissionFailed', error: new Error('full') },
  )
  expect(await samplesAfter(metrics)).toContain('taskbeat_emission_failing 1')
  metrics.note({ from: 'beat', event: { kind: 'leadershipLost', epoch: 3, error: new Error('gone') } })
  metrics.showNextDue(undefined)
  const samples = await samplesAfter(metrics)
  expect(samples).toContain('taskbeat_leading 0')
  expect(samples).toContain('taskbeat_emission_failing 0')
  expect(samples.filter((line) => line.startsWith('taskbeat_next_due'))).toEqual([])
})

test('a run counts once it has ended for good, each of its attempts when it ends', async () => {
  const message = anOccurrence('nightly', {}, { task: 'backup' })
  const again: Verdict = { kind: 'retry', at: noon }
  const samples = await samplesAfter(
    worker(
      ended(message, failed, again, 400),
      ended({ ...message, attempt: 2 }, succeeded, ack, 2_000),
      ended(aMessage({ task: 'backup' }), failed, { kind: 'deadLetter', reason: 'failed' }, 20),
    ),
  )
  expect(samples).toContain('taskbeat_attempts_total{outcome="failed"} 2')
  expect(samples).toContain('taskbeat_attempts_total{outcome="succeeded"} 1')
  expect(samples).toContain('taskbeat_attempts_total{outcome="timed_out"} 0')
  expect(samples.filter((line) => line.startsWith('taskbeat_runs_total'))).toEqual([
    'taskbeat_runs_total{task="backup",outcome="succeeded"} 1',
    'taskbeat_runs_total{task="backup",outcome="failed"} 1',
    'taskbeat_runs_total{task="backup",outcome="timed_out"} 0',
    'taskbeat_runs_total{task="backup",outcome="expired"} 0',
  ])
  expect(samples).toContain('taskbeat_runs_dead_total 1')
  expect(samples).toContain('taskbeat_duration_seconds_count{task="backup"} 3')
  expect(samples).toContain('taskbeat_duration_seconds_bucket{le="0.5",task="backup"} 2')
  expect(samples).toContain(`taskbeat_last_success_timestamp_seconds{entry="nightly"} ${noon / 1_000 + 2}`)
})

test('lateness is spread over buckets, and never below nothing', async () => {
  const started = (lateness: number): WorkerEvent => ({
    kind: 'runStarted',
    message: aMessage(),
    lateness: milliseconds(lateness),
  })
  const samples = await samplesAfter(worker(started(0.4), started(30), started(-1)))
  expect(samples).toContain('taskbeat_lateness_seconds_bucket{le="0.001"} 2')
  expect(samples).toContain('taskbeat_lateness_seconds_bucket{le="0.05"} 3')
  expect(samples).toContain('taskbeat_lateness_seconds_sum 0.0304')
})

test('names that messages bring along make no series without end', async () => {
  const metrics = worker()
  for (let n = 0; n < 2_000; n++) {
    const strange = aMessage({ task: `strange-${n}` })
    const known = anOccurrence(`entry-${n}`, {}, { task: `known-${n}` })
    metrics.note({ from: 'worker', event: ended(strange, failed, { kind: 'deadLetter', reason: 'unknown' }) })
    metrics.note({ from: 'worker', event: ended(known, succeeded, ack, 1) })
  }
  const samples = await samplesAfter(metrics)
  const of = (name: string): string[] => samples.filter((line) => line.startsWith(name))
  expect(of('taskbeat_runs_total')).toHaveLength(4 * 100 + 2)
  expect(samples).toContain('taskbeat_runs_total{task="(other)",outcome="failed"} 2000')
  expect(samples).toContain('taskbeat_runs_total{task="(other)",outcome="succeeded"} 1900')
  expect(of('taskbeat_duration_seconds_count')).toHaveLength(101)
  expect(of('taskbeat_last_success_timestamp_seconds')).toHaveLength(1_000)
})

test('connections and troubles of a broker are levels that come and go', async () => {
  const metrics = worker({ kind: 'journalUnwritable', error: new Error('full') })
  const link = 'taskbeat consume (oak, 4711)'
  const tell = (event: BrokerEvent): void => metrics.note({ from: 'broker', event })
  tell({ kind: 'linkOpened', link, place: 'rabbit:5672' })
  tell({ kind: 'linkBlocked', link, place: 'rabbit:5672', reason: 'low on memory' })
  tell({ kind: 'brokerFailed', operation: 'publish', error: new Error('no') })
  tell({ kind: 'queueTookNothing', queue: 'mail', reason: 'takes nothing (it is full)' })
  const before = await samplesAfter(metrics)
  expect(before).toContain('taskbeat_link_up{link="consume"} 1')
  expect(before).toContain('taskbeat_link_blocked{link="consume"} 1')
  expect(before).toContain('taskbeat_broker_failing 1')
  expect(before).toContain('taskbeat_queue_takes_nothing{queue="mail"} 1')
  expect(before).toContain('taskbeat_journal_writable 0')
  tell({ kind: 'linkLost', link, place: 'rabbit:5672', error: new Error('reset') })
  tell({ kind: 'brokerRecovered', since: noon })
  tell({ kind: 'queueTookAgain', queue: 'mail', sent: 3 })
  metrics.note({ from: 'worker', event: { kind: 'journalRecovered', after: milliseconds(5) } })
  const after = await samplesAfter(metrics)
  expect(after).toContain('taskbeat_link_up{link="consume"} 0')
  expect(after).toContain('taskbeat_links_lost_total{link="consume"} 1')
  expect(after).toContain('taskbeat_broker_failing 0')
  expect(after).toContain('taskbeat_queue_takes_nothing{queue="mail"} 0')
  expect(after).toContain('taskbeat_journal_writable 1')
})

test('queues are shown as the broker tells them, and not at all while it does not answer', async () => {
  const metrics = beat()
  const queue = { name: 'mail', ready: 3, scheduled: 2, running: 1, dead: 0 }
  const status = { leaders: [], beats: [], workers: [], queues: [queue], delayed: 5, takesNothing: false }
  metrics.showQueues(status, ['taskbeat', 'mail'])
  const samples = await samplesAfter(metrics)
  expect(samples).toContain('taskbeat_queue_messages{queue="mail",state="ready"} 3')
  expect(samples).toContain('taskbeat_queue_messages{queue="taskbeat",state="ready"} 0')
  expect(samples).toContain('taskbeat_delayed_messages 5')
  expect(samples).toContain('taskbeat_workers 0')
  metrics.showQueues(undefined, ['taskbeat', 'mail'])
  expect(
    (await samplesAfter(metrics)).filter((line) => /^taskbeat_(queue_messages|delayed|workers)/.test(line)),
  ).toEqual([])
})

test('every figure that the alerts and the README name is there', async () => {
  const texts = await Promise.all((['beat', 'worker'] as const).map((role) => new Metrics(role).text()))
  const declared = new Set([...texts.join('\n').matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
  const root = join(import.meta.dirname, '../..')
  const rules = readFileSync(join(root, 'init/prometheus/taskbeat.rules.yml'), 'utf8')
  const { groups } = parse(rules) as { groups: { rules: { alert: string; expr: string }[] }[] }
  const asked = groups.flatMap(({ rules: each }) => each).map(({ expr }) => expr)
  const written = readFileSync(join(root, 'README.md'), 'utf8').match(/\btaskbeat_\w+_(total|seconds)\b/g)
  expect(asked.length).toBeGreaterThan(5)
  const named = asked.flatMap((expr) => expr.match(/\b(taskbeat|nodejs|process)_\w+/g) ?? ['nothing'])
  const missing = [...named, ...(written ?? ['nothing'])].filter(
    (name) => !declared.has(name.replace(/_(bucket|sum|count)$/, '')),
  )
  expect(missing).toEqual([])
})
