import { expect, test } from 'vitest'
import { BrokerState } from '../../src/observe/broker-state.ts'

const place = 'rabbit:5672'

test('the state of the broker is that of its worst connection, until that is well again', () => {
  const state = new BrokerState({ awaited: true })
  expect(state.describe()).toBe('waiting for the broker')
  state.note({ kind: 'linkOpened', link: 'publish', place })
  expect(state.describe()).toBe('the broker answers')
  state.note({ kind: 'linkLost', link: 'lead', place, error: new Error('reset') })
  state.note({ kind: 'linkBlocked', link: 'publish', place, reason: 'memory' })
  expect(state.describe()).toBe('waiting for the broker: reset')
  state.note({ kind: 'linkOpened', link: 'lead', place })
  expect(state.describe()).toBe('the broker takes nothing for now: memory')
  state.note({ kind: 'linkUnblocked', link: 'publish', place, lastedMs: 5 })
  expect(state.describe()).toBe('the broker answers')
})

test('an embedded broker is waited for only when it fails', () => {
  const state = new BrokerState({ awaited: false })
  expect(state.describe()).toBe('the broker answers')
  state.note({ kind: 'brokerFailed', operation: 'emit', error: new Error('disk full') })
  expect(state.describe()).toBe('the broker fails: disk full')
})
