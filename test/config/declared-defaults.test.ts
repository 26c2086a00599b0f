import { describe, expect, it } from 'vitest'
import { brokerKeys } from '../../src/config/broker-keys.ts'
import { entryKeys } from '../../src/config/entry-keys.ts'
import { beatKeys, fileKeys, logKeys, workerKeys } from '../../src/config/file-keys.ts'
import { retryKeys } from '../../src/config/retry-kind.ts'
import type { Section } from '../../src/config/section.ts'
import { taskKeys } from '../../src/config/task-keys.ts'
import { settingsOf } from './read-text.ts'

/** The keys whose declared default is a value one can write, rather than a description of one. */
function written<V>({ keys }: Section<V>): [string, string][] {
  const all = Object.entries<{ readonly default?: string }>(keys)
  return all.flatMap(([key, { default: value }]) =>
    value !== undefined && /^[\w.]+$/.test(value) ? [[key, value] as [string, string]] : [],
  )
}

const entry = (more: string) => `schedules: { e: { every: 1h, shell: x${more} } }`
const inSection = (section: string) => (key: string, value: string) =>
  `${entry('')}\n${section}: { ${key}: ${value} }`
const inEntry = (key: string, value: string) => entry(`, ${key}: ${value}`)

describe('what is declared as a default is what holds when nothing is said', () => {
  it.each([
    ...written(fileKeys).map(([key, value]) => [key, value, `${entry('')}\n${key}: ${value}`]),
    ...written(brokerKeys).map(([key, value]) => [key, value, inSection('broker')(key, value)]),
    ...written(beatKeys).map(([key, value]) => [key, value, inSection('beat')(key, value)]),
    ...written(workerKeys).map(([key, value]) => [key, value, inSection('worker')(key, value)]),
    ...written(logKeys).map(([key, value]) => [key, value, inSection('log')(key, value)]),
    ...written(entryKeys).map(([key, value]) => [key, value, inEntry(key, value)]),
    ...written(taskKeys).map(([key, value]) => [key, value, inEntry(key, value)]),
  ])('%s: %s', (_key, _value, text) => {
    expect(settingsOf(text)).toEqual(settingsOf(entry('')))
  })

  it.each(written(retryKeys))('retry.%s: %s', (key, value) => {
    expect(settingsOf(entry(`, retry: { max: 1, ${key}: ${value} }`))).toEqual(
      settingsOf(entry(', retry: 1')),
    )
  })

  it('covers the keys that have one', () => {
    expect(written(retryKeys).map(([key]) => key)).toEqual(['delay', 'factor', 'max_delay', 'jitter'])
    expect(written(entryKeys).map(([key]) => key)).toEqual(['priority', 'missed', 'expires', 'enabled'])
  })
})
