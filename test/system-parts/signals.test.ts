import { expect, onTestFinished, test } from 'vitest'
import { holdSignals, listenToSignals } from '../../src/system/signals.ts'

function listen() {
  const heard: string[] = []
  const listener = listenToSignals({
    stop: (signal) => heard.push(`stop ${signal}`),
    hurry: (signal) => heard.push(`hurry ${signal}`),
    reload: () => heard.push('reload'),
  })
  onTestFinished(() => listener[Symbol.dispose]())
  return { heard, listener }
}

test('the first signal to end means in order, the next mean now, whichever they are', () => {
  const { heard } = listen()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGTERM'] as const) process.emit(signal, signal)
  expect(heard).toEqual(['stop SIGTERM', 'hurry SIGINT', 'hurry SIGTERM'])
})

test('SIGHUP asks for a reload, each time', () => {
  const { heard } = listen()
  process.emit('SIGHUP', 'SIGHUP')
  process.emit('SIGHUP', 'SIGHUP')
  expect(heard).toEqual(['reload', 'reload'])
})

test('after dispose a signal does what it does by itself', () => {
  const before = process.listenerCount('SIGTERM')
  const { listener } = listen()
  listener[Symbol.dispose]()
  expect(process.listenerCount('SIGTERM')).toBe(before)
})

test('signals that came while the program was loading are heeded as soon as somebody listens', () => {
  holdSignals()
  for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) process.emit(signal, signal)
  const { heard } = listen()
  expect(heard).toEqual(['reload', 'stop SIGTERM', 'hurry SIGINT'])
  expect(listen().heard).toEqual([])
})
