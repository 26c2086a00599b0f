import { expect, test } from 'vitest'
import { keyReference } from '../../src/config/key-reference.ts'
import { openCliWorld } from './cli-world.ts'

test('the reference tells every key with what it expects and its default', async () => {
  const { code, stdout } = await openCliWorld().run('reference')
  expect(stdout).toContain('schedules.NAME: An entry')
  expect(stdout).toMatch(
    /\n {2}grace\n {4}How long a stop waits for running tasks\.\n {4}Expects a duration, .*\. Default: 5m\.\n/,
  )
  expect(code).toBe(0)
})

test('every key of the schema is in the reference', async () => {
  const { json } = await openCliWorld().run('reference', '--schema')
  const told = new Set(keyReference().flatMap(({ path, keys }) => keys.map(({ name }) => `${path}.${name}`)))
  const inSchema = (schema: Schema, path: string): string[] => [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, value]) => [
      `${path}.${name}`,
      ...inSchema(value, path === '' ? name : `${path}.${name}`),
    ]),
    ...(typeof schema.additionalProperties === 'object'
      ? inSchema(schema.additionalProperties, `${path}.NAME`)
      : []),
    ...(schema.anyOf ?? []).flatMap((each) => inSchema(each, path)),
  ]
  // Those of tasks may stand there as well, which the reference says in one sentence.
  const elsewhere = /^(defaults|schedules\.NAME)\./
  const missing = inSchema(json() as Schema, '').filter((key) => !told.has(key) && !elsewhere.test(key))
  expect(missing).toEqual([])
})

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly anyOf?: readonly Schema[]
}

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
