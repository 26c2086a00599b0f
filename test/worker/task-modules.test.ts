import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startNode } from '../support/child.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const program = fileURLToPath(new URL('load-modules.ts', import.meta.url))

interface Loaded {
  readonly found: readonly { readonly name: string; readonly file: string; readonly result: unknown }[]
  readonly problems: readonly string[]
}

/** What is found in each round, after the files of the round have been written. */
async function load(patterns: readonly string[], ...rounds: Record<string, string>[]): Promise<Loaded[]> {
  const child = startNode(program, [JSON.stringify({ directory: temporaryDirectory(), patterns, rounds })])
  const loaded: Loaded[] = []
  for (const _ of rounds) loaded.push(JSON.parse(await child.line()))
  return loaded
}

function task(name: string, result: string, variable = 'task'): string {
  return `import { defineTask } from 'taskbeat'\nexport const ${variable} = defineTask('${name}', () => ${result})\n`
}

test('every exported task of every file that matches is found, TypeScript as it is', async () => {
  const [loaded] = await load(['tasks/*.ts', 'more.mjs'], {
    'tasks/b.ts': `import { defineTask, type TaskContext } from 'taskbeat'
      export const mail = defineTask('mail', (_: TaskContext, n: number): number => 1, { timeout: '5s' })
      export const other: string = 'no task'
      export default defineTask('default', () => 2)`,
    'tasks/a.ts': task('first', '0'),
    'more.mjs': task('more', '3'),
    'ignored.ts': task('ignored', '4'),
  })
  expect(loaded).toEqual({
    found: [
      { name: 'first', file: 'tasks/a.ts', options: {}, result: 0 },
      { name: 'default', file: 'tasks/b.ts', options: {}, result: 2 },
      { name: 'mail', file: 'tasks/b.ts', options: { timeout: '5s' }, result: 1 },
      { name: 'more', file: 'more.mjs', options: {}, result: 3 },
    ],
    problems: [],
  })
})

test('a module that is required may require taskbeat', async () => {
  const [loaded] = await load(['a.cjs'], {
    'a.cjs': `const { defineTask } = require('taskbeat'); exports.a = defineTask('old', () => 1)`,
  })
  expect(loaded?.found).toMatchObject([{ name: 'old', result: 1 }])
})

test('what is wrong with a file is named with the place, and the others are loaded', async () => {
  const [loaded] = await load(['*.ts', 'none/*.ts'], {
    'a.ts': task('fine', '1'),
    'b.ts': 'export const x = 1\nexport const y = = 2\n',
    'c.ts': `import 'no-such-package'`,
    'd.ts': `throw null`,
    'e.ts': `import { defineTask } from 'taskbeat'\nexport const e = defineTask('', () => 1)`,
  })
  expect(loaded?.found).toMatchObject([{ name: 'fine' }])
  expect(loaded?.problems).toEqual([
    'none/*.ts: no file matches',
    'b.ts: SyntaxError: Expression expected (/b.ts:2)',
    "c.ts: Cannot find package 'no-such-package' imported from /c.ts",
    'd.ts: threw null',
    "e.ts: TypeError: expected the name of a task, got ''",
  ])
})

test('a name that two tasks have is a problem that names both files, and the first stays', async () => {
  const [loaded] = await load(['*.ts'], { 'a.ts': task('same', '1'), 'b.ts': task('same', '2') })
  expect(loaded?.found).toMatchObject([{ name: 'same', file: 'a.ts', result: 1 }])
  expect(loaded?.problems).toEqual(['b.ts: task same is defined in /a.ts already'])
})

test('a task that another file exports again is one task', async () => {
  const [loaded] = await load(['*.ts'], { 'a.ts': task('same', '1'), 'index.ts': `export * from './a.ts'` })
  expect(loaded?.found).toHaveLength(1)
  expect(loaded?.problems).toEqual([])
})

test('a changed file is loaded again, with whatever imports it', async () => {
  const [before, after] = await load(
    ['tasks/*.ts'],
    {
      'tasks/a.ts': `import { defineTask } from 'taskbeat'\nimport { value } from '../lib.ts'
        export const a = defineTask('a', () => value)`,
      'tasks/index.ts': `export * from './a.ts'`,
      'lib.ts': `export const value = 'old'`,
    },
    { 'lib.ts': `export const value = 'new'`, 'tasks/b.ts': task('b', '1') },
  )
  expect(before?.found).toMatchObject([{ name: 'a', result: 'old' }])
  expect(after?.found).toMatchObject([{ name: 'a', result: 'new' }, { name: 'b' }])
  expect(after?.problems).toEqual([])
})

test('while nothing has changed nothing is loaded again', async () => {
  const counting = `import { defineTask } from 'taskbeat'
    globalThis.loads = (globalThis.loads ?? 0) + 1
    export const a = defineTask('a', () => globalThis.loads)`
  const rounds = await load(['*.ts'], { 'a.ts': counting }, {}, { 'a.ts': counting }, {})
  expect(rounds.map(({ found }) => found[0]?.result)).toEqual([1, 1, 2, 2])
})

test('a file that failed is tried again, though what it lacked was never seen', async () => {
  const [before, after] = await load(
    ['a.ts'],
    { 'a.ts': `export * from './late.ts'` },
    { 'late.ts': task('late', '1') },
  )
  expect(before?.problems[0]).toContain('Cannot find module')
  expect(after).toMatchObject({ found: [{ name: 'late' }], problems: [] })
})
