import { expect, test } from 'vitest'
import { defineTask } from '../../src/index.ts'
import { anOccurrence, soon } from '../support/messages.ts'
import { aModuleTask, registryOf } from '../support/tasks.ts'
import { openWorkerWorld } from '../support/worker-world.ts'

test('whoever triggered an entry is told its result, though it is written down nowhere', async () => {
  const registry = registryOf(
    aModuleTask(
      defineTask('demo', () => 8),
      { journal: false },
    ),
  )
  const { worker, broker } = openWorkerWorld({ registry })
  await worker.start()
  const message = anOccurrence('nightly', { stamp: { epoch: 0, seq: 0 } }, { eta: soon(0) })
  await broker.results.send([message])
  const result = await broker.results.wait(message.id, AbortSignal.timeout(10_000))
  expect(result).toEqual({ outcome: 'succeeded', value: 8 })
})
