/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: a file may well hold ${NAME} */
import { describe, expect, it } from 'vitest'
import { complaintsOf, problemsOf, settingsOf } from './read-text.ts'

const where = /^schedules\.yaml:(\d+:\d+): /

describe('what is not YAML is explained in the words of who wrote it', () => {
  it.each([
    [
      'schedules:\n  a: { cron: */5 * * * *, command: [x] }',
      '2:14',
      'a text that begins with * must be quoted: write "*/5 * * * *"',
    ],
    [
      'schedules:\n  a:\n    cron: * * * * *\n',
      '3:11',
      'a text that begins with * must be quoted: write "* * * * *"',
    ],
    [
      'schedules:\n  a:\n    cron: @daily\n',
      '3:11',
      'a text that begins with @ must be quoted: write "@daily"',
    ],
    [
      'schedules:\n  a:\n    cron: ? 0 0 * *\n',
      '3:11',
      'a text that begins with ? must be quoted: write "? 0 0 * *"',
    ],
    [
      'schedules:\n  a:\n    cron:\n      - "0 1 * * *"\n      - */7 * * * *\n',
      '5:9',
      'a text that begins with * must be quoted: write "*/7 * * * *"',
    ],
    ['schedules:\n\ta: {}\n', '2:1', 'a tab does not indent in YAML: write spaces'],
    [
      'schedules:\n  a: { every: 1m, command: [x',
      '2:30',
      'this is not indented as what it belongs to, or a bracket before it is not closed; the file ends here, is it complete?',
    ],
    ['schedules:\n  a: "b', '2:8', 'not YAML: missing closing "quote; the file ends here, is it complete?'],
    [
      'schedules: a: b',
      '1:12',
      'a second ": " on one line: quote the text, or begin the inner map on a line of its own',
    ],
    ['schedules: {}\n[a]: 1', '2:1', 'a key must be a text'],
    ['%YAML 1.1\n---\nschedules: {}', '1:1', 'directives are not supported: the file is read as YAML 1.2'],
    [
      'schedules: {}\n---\ntasks: {}',
      '2:1',
      'a second document begins here; a configuration is one document',
    ],
    [
      'schedules: !!js/function x',
      '1:26',
      'the tag !!js/function is not supported; there are no custom types',
    ],
    ['schedules: !!binary aGk=', '1:21', 'the tag !!binary is not supported; there are no custom types'],
    ['schedules: !ours {}', '1:18', 'the tag !ours is not supported; there are no custom types'],
    [
      'schedules: *all',
      '1:12',
      'the alias *all names no value marked &all before it; a text that begins with * must be quoted',
    ],
    [
      'schedules: &all { a: *all }',
      '1:22',
      'the alias *all names no value marked &all before it; a text that begins with * must be quoted',
    ],
    ['a\0: 1', '1:2', 'the control character U+0000 has no place in a text file'],
    ['# \x1b[2J\na: 1', '1:3', 'the control character U+001B has no place in a text file'],
    ['', '1:1', 'the file is empty'],
    [' \n\n', '1:1', 'the file is empty'],
    ['# nothing yet\n', '1:1', 'the file says nothing'],
    ['~', '1:1', 'the file says nothing'],
    ['a b', '1:1', 'expected a map, got "a b"'],
    ['- a', '1:1', 'expected a map, got a list'],
  ])('%j', (text, place, message) => {
    expect(complaintsOf(text)[0]).toBe(`schedules.yaml:${place}: ${message}`)
  })

  it('each unquoted rule is named, not only the first', () => {
    const text = 'schedules:\n  a: { cron: */5 * * * *, shell: x }\n  b: { cron: @daily, shell: y }\n'
    expect(complaintsOf(text).map((each) => where.exec(each)?.[1])).toEqual(['2:14', '3:14'])
  })
})

describe('a hostile file is refused with the limit named', () => {
  it.each([
    ['brackets', '['.repeat(100_000)],
    ['braces', 'a: {b: '.repeat(3_000)],
    ['dashes', '- '.repeat(100_000)],
    ['indentation', Array.from({ length: 3_000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
  ])('a depth bomb of %s', (_, text) => {
    expect(complaintsOf(text)[0]).toMatch(/: lists and maps are nested deeper than 64 levels$/)
  })

  it('64 levels are not too deep, and brackets in a text are none', () => {
    const nested = `${'['.repeat(31)}${']'.repeat(31)}`
    const text = `schedules: { a: { every: 1m, task: b, args: ${nested} }, c: { every: 1m, shell: "${'[{'.repeat(100)}" } }`
    expect(settingsOf(text).schedules).toHaveLength(2)
  })

  it('an alias bomb', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let n = 1; n < 9; n++)
      lines.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(', ')}]`,
      )
    expect(complaintsOf(lines.join('\n'))).toEqual([
      'schedules.yaml:5:45: aliases repeat more than 100,000 values',
    ])
  })

  it('a merge key bomb is not merged', () => {
    const text = 'x: &x { a: 1 }\nschedules:\n  a: { <<: [*x, *x], every: 1m, shell: y }\n'
    expect(complaintsOf(text)[1]).toContain('schedules.a.<<: merge keys are not part of YAML 1.2')
  })

  it('a cron rule of a megabyte', () => {
    const [problem = ''] = problemsOf(
      `schedules: { a: { cron: "${'1,'.repeat(500_000)}1 * * * *", shell: x } }`,
    )
    expect(problem).toContain('expected at most 1024 characters, got 1000009')
    expect(problem.length).toBeLessThan(600)
  })

  it('names that would forge a log line or steer a terminal', () => {
    for (const name of ['a\\nb', 'a\\e[2J', '\\u202Ea', ' a', '', 'x'.repeat(201)]) {
      const [complaint = ''] = complaintsOf(`schedules: { "${name}": { every: 1m, shell: x } }`)
      expect(complaint).toContain('expected a name: up to 200 characters')
    }
  })

  it('names that mean something to JavaScript are names', () => {
    const text =
      'schedules: { constructor: { every: 1m, shell: x }, toString: { every: 1m, task: prototype } }'
    expect(settingsOf(text).schedules.map(({ name, task }) => [name, task])).toEqual([
      ['constructor', 'constructor'],
      ['toString', 'prototype'],
    ])
    expect(complaintsOf('schedules: { a: { every: 1m, task: b, kwargs: { c: { __proto__: 1 } } } }')).toEqual(
      ['schedules.yaml:1:54: schedules.a.kwargs.c.__proto__: this name is not allowed'],
    )
  })
})

describe('a YAML file may say a thing once', () => {
  it('anchors and aliases', () => {
    const text = 'defaults: { env: &env { A: b } }\ntasks: { t: { command: [x], env: *env } }\nschedules: {}'
    expect(settingsOf(text).tasks[0]?.env).toEqual({ A: 'b' })
  })

  it('JSON is YAML', () => {
    const text = JSON.stringify({ schedules: { a: { every: '1m', command: ['x', 1] } } }, null, 2)
    expect(settingsOf(text).tasks[0]?.action).toEqual({ kind: 'command', argv: ['x', '1'] })
  })
})
