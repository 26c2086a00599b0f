/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the texts it is about */
import { describe, expect, it } from 'vitest'
import { interpolate } from '../../src/config/interpolate.ts'
import { complaintsOf, settingsOf, warningsOf } from './read-text.ts'

describe('the environment is put into a text where it says so', () => {
  const env = { A: 'one', EMPTY: '', NESTED: '${A}' }
  it.each([
    ['${A}', 'one'],
    ['x${A}y${A}', 'xoneyone'],
    ['$A', '$A'],
    ['$${A}', '${A}'],
    ['$$${A}', '$${A}'],
    ['${B:-two}', 'two'],
    ['${EMPTY:-two}', 'two'],
    ['${A:-two}', 'one'],
    ['${B:-}', ''],
    ['${EMPTY}', ''],
    ['${NESTED}', '${A}'],
    ['100 %', '100 %'],
  ])('%s is %s', (text, value) => {
    expect(interpolate(text, env)).toEqual({ value })
  })

  it.each([['${'], ['${A'], ['${}'], ['${A-b}'], ['${1}'], ['${A B}']])('%s is malformed', (text) => {
    expect(interpolate(text, env)).toHaveProperty('malformed')
  })
})

describe('a variable that is not set', () => {
  it('stops the process that uses the key, and check warns of it', () => {
    const text = 'schedules: {}\nworker: { modules: ["${TASKS}/*.ts"] }'
    const complaint = 'schedules.yaml:2:21: worker.modules[0]: the environment has no TASKS'
    expect(complaintsOf(text, { role: 'worker' })).toEqual([complaint])
    expect(complaintsOf(text, { role: 'dev' })).toEqual([complaint])
    expect(warningsOf(text, { role: 'check' })).toContain(`${complaint} here`)
    expect(warningsOf(text, { role: 'beat' }).filter((each) => each.includes('TASKS'))).toEqual([])
  })

  it('is never asked for by a key that does not use variables', () => {
    expect(
      settingsOf('schedules: { a: { every: 1m, command: ["${NOPE}"] } }', { role: 'worker' }).tasks,
    ).toHaveLength(1)
  })
})

it('the name of the host is always there', () => {
  expect(settingsOf('schedules: {}\nstate_dir: /s/${HOSTNAME}').stateDir).toBe('/s/oak')
  expect(settingsOf('schedules: {}\nstate_dir: /s/${HOSTNAME}', { env: { HOSTNAME: 'elm' } }).stateDir).toBe(
    '/s/elm',
  )
})

it('what $TASKBEAT_BROKER_URL says wrong is blamed on it, without quoting it', () => {
  expect(complaintsOf('schedules: {}', { env: { TASKBEAT_BROKER_URL: 'redis://a:geheim@b' } })).toEqual([
    expect.stringMatching(/^\$TASKBEAT_BROKER_URL: expected sqlite:PATH or amqp.*, got another kind of URL$/),
  ])
})
