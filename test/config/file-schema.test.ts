import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, it, test } from 'vitest'
import { parse } from 'yaml'
import { fileSchema } from '../../src/config/file-schema.ts'
import { keyReference } from '../../src/config/key-reference.ts'

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(fileSchema())
const root = join(import.meta.dirname, '../..')

it.each(['schedules.example.yaml', 'README.md'])('the schema admits what %s shows', (file) => {
  const text = readFileSync(join(root, file), 'utf8')
  const shown = file.endsWith('.md')
    ? [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, yaml]) => yaml)
    : [text]
  expect(shown.length).toBeGreaterThan(0)
  for (const yaml of shown) {
    validate(parse(yaml ?? ''))
    expect(validate.errors ?? []).toEqual([])
  }
})

it.each([
  ['an unknown key', { scheduls: {} }],
  ['an unknown key of an entry', { schedules: { nightly: { corn: '0 4 * * *', command: ['true'] } } }],
  ['an unknown key of a task', { tasks: { report: { comand: ['true'] } } }],
  ['a command that is a line', { tasks: { report: { command: 'ls -l' } } }],
  [
    'a word that is none of those that count',
    { schedules: { nightly: { every: '1h', shell: 'a', missed: 'some' } } },
  ],
  ['a number that is too large', { worker: { concurrency: 1_000_000 } }],
  ['a retry without max', { tasks: { report: { retry: { delay: '1s' } } } }],
  ['a variable that is ours', { tasks: { report: { env: { TASKBEAT_ID: 'x' } } } }],
])('the schema refuses %s', (_what, file) => {
  expect(validate(file)).toBe(false)
})

test('the schema knows every key of the reference, with its sentence', () => {
  const text = JSON.stringify(fileSchema())
  for (const { keys } of keyReference())
    for (const { name, doc } of keys) {
      expect(text).toContain(`"${name}":{`)
      expect(text).toContain(JSON.stringify(doc).slice(1, -1))
    }
})

test('the README names every key', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const missing = keyReference().flatMap(({ path, keys }) =>
    keys.filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(readme)).map(({ name }) => `${path}.${name}`),
  )
  expect(missing).toEqual([])
})
