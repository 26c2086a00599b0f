import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

/** Which folder may import from which; every folder may import types from config, and `observe` the types of events. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  schedule: ['core'],
  task: ['core'],
  broker: ['core', 'task'],
  journal: ['core', 'task'],
  config: ['core', 'schedule', 'task'],
  beat: ['core', 'schedule', 'task', 'broker', 'journal'],
  worker: ['core', 'task', 'broker', 'journal'],
  client: ['core', 'task', 'broker'],
  sqlite: ['core', 'task', 'broker', 'journal'],
  amqp: ['core', 'task', 'broker', 'journal'],
  observe: ['core', 'task'],
  system: ['core'],
  app: [
    'core',
    'schedule',
    'task',
    'broker',
    'journal',
    'config',
    'beat',
    'worker',
    'client',
    'amqp',
    'sqlite',
    'observe',
    'system',
  ],
  cli: [
    'core',
    'schedule',
    'task',
    'broker',
    'journal',
    'config',
    'beat',
    'worker',
    'client',
    'amqp',
    'sqlite',
    'observe',
    'system',
    'app',
  ],
  // It composes: what opens a broker is imported when it is first used.
  'index.ts': ['core', 'task', 'client', 'app'],
}
const mayImportTypes: Readonly<Record<string, readonly string[]>> = {
  observe: ['beat', 'worker', 'broker', 'schedule'],
}

/** A dependency is imported in one file; a broker's or a format's in one folder. */
const soleImporter: Readonly<Record<string, string>> = {
  'node:sqlite': 'sqlite/',
  yaml: 'config/',
  'fastest-levenshtein': 'config/',
  'cron-parser': 'schedule/',
  pino: 'observe/',
  amqplib: 'amqp/',
  commander: 'cli/',
  'prom-client': 'observe/',
  'node:http': 'system/',
}
const oneFile = ['cron-parser', 'pino', 'fastest-levenshtein', 'prom-client', 'node:http']

const root = join(import.meta.dirname, '../src')
const files = globSync('**/*.ts', { cwd: root }).map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8'),
}))
const imports = files.flatMap(({ file, text }) =>
  [
    ...text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/gm),
  ].map(([, type, name, dynamic]) => ({
    file,
    isType: type !== undefined,
    isDynamic: dynamic !== undefined,
    target: name ?? dynamic ?? '',
  })),
)
const folderOf = (file: string): string => file.split('/')[0] ?? file
const codeLines = (text: string): string[] =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .split('\n')
    .filter((line) => !/^\s*(\/\/.*)?$/.test(line))

test('a folder imports only what its place in the house allows', () => {
  const trespasses = imports
    .filter(({ target }) => target.startsWith('.'))
    .map((found) => ({
      ...found,
      to: folderOf(relative(root, join(root, dirname(found.file), found.target))),
    }))
    .filter(({ file, to }) => folderOf(file) !== to && !mayImport[folderOf(file)]?.includes(to))
    .filter(
      ({ isType, to, file }) =>
        !(isType && (to === 'config' || mayImportTypes[folderOf(file)]?.includes(to))),
    )
  expect(trespasses).toEqual([])
})

test('each dependency is imported in one place', () => {
  const packages = imports.filter(({ target }) => target in soleImporter)
  expect(packages.filter(({ file, target }) => !file.startsWith(soleImporter[target] ?? ''))).toEqual([])
  for (const name of oneFile)
    expect(new Set(packages.filter(({ target }) => target === name).map(({ file }) => file)).size).toBe(1)
})

test('no import goes round in a circle', () => {
  const graph = Map.groupBy(
    imports
      .filter(({ target, isType }) => target.startsWith('.') && !isType)
      .map(({ file, target }) => ({ file, to: join(dirname(file), target) })),
    ({ file }) => file,
  )
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    expect(path, `${[...path, file].join(' → ')}`).not.toContain(file)
    if (done.has(file)) return
    for (const { to } of graph.get(file) ?? []) visit(to, [...path, file])
    done.add(file)
  }
  for (const { file } of files) visit(file, [])
})

test('what answers over HTTP is loaded only where somebody has asked for it', () => {
  const atOnce = imports.filter(({ isType, isDynamic }) => !isType && !isDynamic)
  const reached = new Set(['cli/main.ts'])
  // What is added while the loop runs is visited by it too.
  for (const from of reached)
    for (const { file, target } of atOnce)
      if (file === from) reached.add(target.startsWith('.') ? join(dirname(file), target) : target)
  expect(reached).toContain('app/monitor.ts')
  for (const name of ['prom-client', 'node:http']) expect(reached).not.toContain(name)
})

test('a file holds one idea: no more than 300 lines of code, tables of declarations apart', () => {
  const long = files.filter(({ file, text }) => codeLines(text).length > 300 && !file.endsWith('-keys.ts'))
  expect(long.map(({ file }) => file)).toEqual([])
})

test('only the command line ends the process', () => {
  expect(
    files
      .filter(
        ({ file, text }) =>
          !file.startsWith('cli/') && codeLines(text).some((line) => /process\.exit\b/.test(line)),
      )
      .map(({ file }) => file),
  ).toEqual([])
})
