import { expect, test } from 'vitest'
import { openCliWorld } from './cli-world.ts'

test('the reference tells every key with what it expects and its default', async () => {
  const { code, stdout } = await openCliWorld().run('reference')
  expect(stdout).toContain('schedules.NAME: An entry')
  expect(stdout).toMatch(
    /\n {2}grace\n {4}How long a stop waits for running tasks\.\n {4}Expects a duration, .*\. Default: 5m\.\n/,
  )
  expect(code).toBe(0)
})

test('one key is told by itself, wherever it may stand', async () => {
  const { stdout } = await openCliWorld().run('reference', 'queue')
  expect(stdout.match(/^\S+: /gm)).toEqual(['schedules.NAME: ', 'tasks.NAME: '])
  expect(stdout).not.toContain('grace')
})

test('a key that is none is a mistake of the call, with the nearest', async () => {
  const { code, stderr } = await openCliWorld().run('reference', 'retri')
  expect(stderr).toBe('there is no key retri; did you mean retry?\n')
  expect(code).toBe(2)
})

test('the schema is one JSON document', async () => {
  const { json } = await openCliWorld().run('reference', '--schema')
  expect(json()).toMatchObject({ type: 'object', properties: { schedules: { type: 'object' } } })
})
