import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/broker/delivery.ts'
import { type Instant, milliseconds, plus } from '../../src/core/instant.ts'
import type { Claim, ClaimRequest } from '../../src/journal/journal.ts'
import { AdmissionDesk } from '../../src/worker/admission.ts'
import { JournalGate } from '../../src/worker/journal-gate.ts'
import { Slots } from '../../src/worker/slots.ts'
import { TaskLookup } from '../../src/worker/task-lookup.ts'
import { Turns } from '../../src/worker/turns.ts'
import type { WorkerEvent } from '../../src/worker/worker-event.ts'
import { EventLog } from '../support/event-log.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { aMessage, anOccurrence } from '../support/messages.ts'
import { aScript, registryOf } from '../support/tasks.ts'

/** A desk whose journal answers so, claim by claim, and then fails. */
function openDesk(...answers: readonly Claim[]) {
  const clock = new FakeClock()
  clock.loops = 0
  const log = new EventLog<WorkerEvent>()
  const claims: ClaimRequest[] = []
  const pauses: number[] = []
  const swept: string[] = []
  const journal = new JournalGate({
    clock,
    emit: log.emit,
    onShut: (pause) => pauses.push(pause),
    journal: {
      claim: async (request) => {
        const answer = answers[claims.length]
        claims.push(request)
        if (!answer) throw new Error('the disk is full')
        return answer
      },
      record: async () => {},
      attempts: () => [],
      untold: () => [],
      told: async () => {},
    },
  })
  const task = aScript('true')
  const lookup = new TaskLookup(registryOf(task), { clock, emit: log.emit, refresh: async () => {} })
  const guard = {
    announce: () => ({ environment: {}, spawned: () => {}, ended: () => {} }),
    sweep: async (id: string) => swept.push(id),
  }
  const slots = new Slots(10)
  const turns = new Turns({ clock, random: () => 0, slots, stopping: new AbortController().signal })
  const desk = new AdmissionDesk({ clock, emit: log.emit, guard, journal, lookup, turns })
  const due = (change: Partial<Delivery['message']> = {}) => aMessage({ eta: clock.now(), ...change })
  const admit = (message: Delivery['message'], veto?: Delivery['veto'], inTime = false) =>
    desk.admit({
      message,
      settle: async () => {},
      acknowledge: async () => 'gone',
      inTime,
      ...(veto ? { veto } : {}),
    })
  return { admit, claims, clock, due, log, pauses, swept, task }
}

const granted = (interruptions: number): Claim => ({
  kind: 'granted',
  interruptions,
  begun: interruptions > 0,
})
const release = (at: Instant) => ({ kind: 'turnAway', verdict: { kind: 'release', at } })

test('a delivery that is claimed starts', async () => {
  const { admit, due, task } = openDesk(granted(0))
  expect(await admit(due())).toMatchObject({ kind: 'start', task })
})

test('the successor bounds the start of a first attempt, and not what had begun before it was interrupted', async () => {
  const begun: Claim = { kind: 'granted', interruptions: 0, begun: true }
  const { admit, clock, due, task } = openDesk(granted(0), begun)
  const { occurrence } = anOccurrence('nightly', { startBy: clock.now() })
  if (!occurrence) throw new Error('an occurrence has one')
  expect(await admit(due({ occurrence }))).toMatchObject({ kind: 'end', outcome: { kind: 'expired' } })
  expect(await admit(due({ occurrence }))).toMatchObject({ kind: 'start', task })
})

test('what was handed out in time starts, though its successor is due by then: that was skipped because of it', async () => {
  const { admit, clock, due, task } = openDesk(granted(0))
  const { occurrence } = anOccurrence('nightly', { startBy: clock.now() })
  if (!occurrence) throw new Error('an occurrence has one')
  expect(await admit(due({ occurrence }), undefined, true)).toMatchObject({ kind: 'start', task })
})

test('a delivery that comes before its ETA goes back until then', async () => {
  const { admit, claims, clock, due } = openDesk()
  const eta = plus(clock.now(), milliseconds(1))
  expect(await admit(due({ eta }))).toEqual(release(eta))
  expect(claims).toEqual([])
})

test('an attempt whose worker died is claimed once its processes are gone', async () => {
  const { admit, claims, due, log, swept, task } = openDesk(
    { kind: 'abandoned', instance: 'dead' },
    granted(1),
  )
  const message = due()
  expect(await admit(message)).toMatchObject({ kind: 'start', task })
  expect(swept).toEqual([message.id])
  expect(claims.map(({ takeOver }) => takeOver)).toEqual([undefined, true])
  expect(log.of('runTakenOver')).toMatchObject([{ message, instance: 'dead', killed: 1 }])
})

describe('an attempt that three deaths of its worker have interrupted', () => {
  const reason = 'interrupted 3 times by the death of its worker'
  const outcome = { kind: 'failed', reason, permanent: true }

  test('does not start again and is dead, and its sender told why', async () => {
    const { admit, due } = openDesk(granted(3))
    expect(await admit(due())).toEqual({ kind: 'end', outcome, verdict: { kind: 'deadLetter', reason } })
  })

  test('is told by the journal alone when it will be replaced', async () => {
    const { admit, clock } = openDesk(granted(3))
    const message = anOccurrence('nightly', { due: clock.now() })
    expect(await admit(message)).toEqual({ kind: 'end', outcome, verdict: { kind: 'ack' } })
  })
})

test('a revocation is recorded', async () => {
  const { admit, due } = openDesk(granted(0))
  const veto = { kind: 'revoked', reason: 'nightly was removed' } as const
  expect(await admit(due(), veto)).toEqual({ kind: 'end', outcome: veto, verdict: { kind: 'ack' } })
})

test('a task that stays unknown for ten minutes is dead', async () => {
  const { admit, claims, clock, due } = openDesk(granted(0))
  const message = due({ task: 'reports.monthly' })
  expect(await admit(message)).toEqual(release(plus(clock.now(), milliseconds(5_000))))
  await clock.advance(600_000)
  const reason = 'task reports.monthly is not defined here'
  expect(await admit(message)).toEqual({
    kind: 'end',
    outcome: {
      kind: 'failed',
      reason,
      permanent: true,
      error: {
        name: 'UnknownTask',
        message: 'the task reports.monthly is not defined where it was to run',
      },
    },
    verdict: { kind: 'deadLetter', reason },
  })
  expect(claims).toHaveLength(1)
})

test('while the journal is unwritable each try doubles the pause, and nobody asks it in between', async () => {
  const { admit, claims, clock, due, log, pauses } = openDesk()
  for (const pause of [1_000, 2_000, 4_000]) {
    const until = plus(clock.now(), milliseconds(pause))
    expect(await admit(due())).toEqual(release(until))
    expect(await admit(due())).toEqual(release(until))
    await clock.advance(pause)
  }
  expect(claims).toHaveLength(3)
  expect(pauses).toEqual([1_000, 2_000, 4_000])
  expect(log.of('journalUnwritable')).toHaveLength(1)
})
