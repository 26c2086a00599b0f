import { expect, test } from 'vitest'
import { milliseconds } from '../../src/core/instant.ts'
import { defineTask, Permanent } from '../../src/index.ts'
import { narrate } from '../../src/observe/narrate.ts'
import { defaultBackoff } from '../../src/task/retry-policy.ts'
import { aMessage } from '../support/messages.ts'
import { aModuleTask, aScript, registryOf } from '../support/tasks.ts'
import { openWorkerWorld } from '../support/worker-world.ts'

const backoff = { ...defaultBackoff, firstMs: 1, longestMs: 1 }
const retry = { max: 1, backoff }
const refuse = defineTask('demo', () => {
  throw new Permanent('no customer 7')
})

test.each([
  [
    'an exit code that is tried again',
    aScript('exit 3', { retry: { ...retry, exitCodes: [3] } }),
    2,
    'exit code 3',
  ],
  ['an exit code that is not', aScript('exit 4', { retry: { ...retry, exitCodes: [3] } }), 1, 'exit code 4'],
  ['75, which always is', aScript('exit 75', { retry: { ...retry, exitCodes: [3] } }), 2, 'exit code 75'],
  ['a signal', aScript('kill -TERM $$', { retry }), 2, 'killed by SIGTERM'],
  [
    'its time limit',
    aScript('sleep 10', { retry, timeout: milliseconds(200) }),
    2,
    'its time limit of 200ms was reached',
  ],
  ['an error that says it is no use', aModuleTask(refuse, { retry }), 1, 'no customer 7'],
] as const)(
  'what ends by %s has its attempts, and its reason is told everywhere',
  async (_by, task, attempts, reason) => {
    const { broker, journal, log, worker } = openWorkerWorld({ registry: registryOf(task) })
    await worker.start()
    const message = aMessage()
    await broker.publish([message])
    const ended = await log.first('runEnded', ({ verdict }) => verdict.kind !== 'retry')
    expect(ended.message.attempt).toBe(attempts)
    expect(ended.verdict).toEqual({ kind: 'deadLetter', reason })
    const line = narrate({ from: 'worker', event: ended })
    expect(line.level).toBe('error')
    expect(line.message).toContain(reason)
    const [run] = journal.runs({ limit: 1 })
    expect(run).toMatchObject({ attempts, reason, outcome: reason.includes('limit') ? 'timedOut' : 'failed' })
    expect(journal.attempts(message.id).map((attempt) => attempt.reason)).toEqual(
      Array(attempts).fill(reason),
    )
    await expect
      .poll(() => broker.deadLetters.list(9), { timeout: 30_000 })
      .toMatchObject([{ id: message.id, reason }])
  },
)
