import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { instant } from '../../src/core/instant.ts'
import { openSqliteBroker } from '../../src/sqlite/sqlite-broker.ts'
import { Inbox } from '../support/inbox.ts'
import { aMessage } from '../support/messages.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test.each([0, 1, 2, 3, 4, 5])(
  'what becomes due between two looks at the clock is handed out (%i ticks on)',
  async (ticks) => {
    const start = Date.now()
    let looks = 0
    const broker = openSqliteBroker({
      path: join(temporaryDirectory(), 'broker.db'),
      create: true,
      clock: { ...systemClock, now: () => instant(start + ++looks) },
      host: 'here',
      pid: process.pid,
      emit: () => {},
    })
    onTestFinished(() => broker.close())
    const message = aMessage({ eta: instant(start + 30 + ticks) })
    await broker.publish([message])
    const inbox = new Inbox()
    broker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
    expect((await inbox.next()).message.id).toBe(message.id)
  },
)
