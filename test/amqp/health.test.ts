import { expect, test } from 'vitest'
import { Health } from '../../src/amqp/health.ts'
import type { BrokerEvent } from '../../src/broker/broker-event.ts'
import { systemClock } from '../../src/core/clock.ts'
import { EventLog } from '../support/event-log.ts'

test('the first of several failures is told, and once that all is well: also when a new session makes them void', () => {
  const events = new EventLog<BrokerEvent>()
  const health = new Health(systemClock, events.emit)
  const told = () => events.all.splice(0).map(({ kind }) => kind)
  health.failed('leave a lane', new Error('cut'))
  health.failed('take messages', new Error('cut'))
  expect(told()).toEqual(['brokerFailed'])
  health.succeeded('take messages')
  expect(told()).toEqual([])
  health.begunAnew()
  health.begunAnew()
  expect(told()).toEqual(['brokerRecovered'])
})
