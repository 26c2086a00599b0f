import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseEnvFile, readEnvFile } from '../../src/worker/executors/env-file.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test.each([
  ['a value as it is', 'A=b=c', { A: 'b=c' }],
  ['empty lines and comments', '\n# A=1\n; A=2\n  \nA=3', { A: '3' }],
  ['white space around', '  A=  b c  ', { A: 'b c' }],
  ['an empty value', 'A=', { A: '' }],
  ['double quotes', 'A=" b \\"c\\" \\$d \\n"', { A: ' b "c" $d \\n' }],
  ['single quotes', `A=' b "c" \\'`, { A: ' b "c" \\' }],
  ['a later line of the same name', 'A=1\nA=2', { A: '2' }],
  ['lines of another system', 'A=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ['a comment sign within', 'A=b#c', { A: 'b#c' }],
])('an environment file has %s', (_name, text, values) => {
  expect(parseEnvFile(text, '/etc/x.env')).toEqual(values)
})

test.each([
  ['A line', '/etc/x.env:1: expected NAME=value'],
  ['A=1\nexport B=secret', '/etc/x.env:2: expected NAME=value'],
  ['1A=secret', '/etc/x.env:1: expected NAME=value'],
  ['A="secret', '/etc/x.env:1: the quotes of A do not end with its line'],
  [`A='secret' more`, '/etc/x.env:1: the quotes of A do not end with its line'],
])('a line that is none is named, and no value shown: %s', (text, problem) => {
  expect(() => parseEnvFile(text, '/etc/x.env')).toThrow(problem)
  expect(() => parseEnvFile(text, '/etc/x.env')).not.toThrow('secret')
})

test('a name of JavaScript is a name like any other', () => {
  expect(parseEnvFile('constructor=1\n__proto__=2', 'x')).toHaveProperty('constructor', '1')
  expect({}.constructor).toBe(Object)
})

test('what is no regular file is not read', async () => {
  const directory = join(temporaryDirectory(), 'd')
  mkdirSync(directory)
  await expect(readEnvFile(directory)).rejects.toThrow(`env_file ${directory} is no regular file`)
  await expect(readEnvFile('/dev/zero')).rejects.toThrow('env_file /dev/zero is no regular file')
})
