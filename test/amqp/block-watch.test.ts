import { expect, test } from 'vitest'
import { BlockWatch } from '../../src/amqp/block-watch.ts'
import type { Link } from '../../src/amqp/link.ts'
import { FakeClock } from '../support/fake-clock.ts'

function watchOf(blocked: boolean): { watch: BlockWatch; clock: FakeClock } {
  const clock = new FakeClock()
  return { clock, watch: new BlockWatch({ current: { blocked } } as Link, clock) }
}

test('whoever sends to a blocked broker is told after five seconds, however many there are, and whoever comes later after five more', async () => {
  const { watch, clock } = watchOf(true)
  const never = (): Promise<void> => watch.unlessBlocked(new Promise(() => {}))
  const told = { code: 'BROKER_UNAVAILABLE' }
  for (let round = 0; round < 2; round++) {
    const both = Promise.allSettled([never(), never()])
    clock.loops = 1
    await clock.advance(5_000)
    clock.loops = 0 // then nobody watches any more
    await clock.advance(1_000)
    expect(await both).toMatchObject([{ reason: told }, { reason: told }])
  }
})

test('what is confirmed meanwhile, or is sent to a broker that reads, is waited for', async () => {
  const { watch, clock } = watchOf(false)
  const sending = Promise.withResolvers<void>()
  const sent = watch.unlessBlocked(sending.promise)
  await clock.advance(60_000)
  sending.resolve()
  await expect(sent).resolves.toBeUndefined()
})
