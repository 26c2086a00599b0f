import { didYouMean } from '../../config/did-you-mean.ts'
import { fileSchema } from '../../config/file-schema.ts'
import { type KeySection, keyReference } from '../../config/key-reference.ts'
import { TaskbeatError } from '../../core/errors.ts'
import type { AddCommand } from '../command.ts'
import { print, printJson, type Terminal } from '../terminal.ts'

interface ReferenceOptions {
  readonly schema?: true
  readonly json?: true
}

/** `taskbeat reference`: what may be written into the configuration. */
export const addReference: AddCommand = (program, { terminal, run }) => {
  program
    .command('reference')
    .description('tell every key of the configuration, what it expects and what holds without it')
    .argument('[key]', 'only this one')
    .option('--schema', 'print a JSON Schema for editors instead')
    .option('--json', 'for programs')
    .addHelpText('after', examples)
    .action(
      run(async (key: string | undefined, options: ReferenceOptions) => {
        if (options.schema && (key !== undefined || options.json))
          throw new TaskbeatError('USAGE', '--schema is the whole of it, and JSON already')
        if (options.schema) return printJson(terminal, fileSchema())
        const sections = only(key)
        if (options.json) printJson(terminal, sections)
        else for (const [index, section] of sections.entries()) printSection(terminal, section, index === 0)
      }),
    )
}

const examples = `
  taskbeat reference missed
  taskbeat reference --schema > schedules.schema.json
  # and at the top of the file, for the editor:
  # yaml-language-server: $schema=./schedules.schema.json`

function only(key: string | undefined): readonly KeySection[] {
  const sections = keyReference()
  if (key === undefined) return sections
  const found = sections
    .map((section) => ({ ...section, keys: section.keys.filter(({ name }) => name === key) }))
    .filter(({ keys }) => keys.length > 0)
  if (found.length > 0) return found
  const known = sections.flatMap(({ keys }) => keys.map(({ name }) => name))
  throw new TaskbeatError('USAGE', `there is no key ${key}${didYouMean(key, known)}`)
}

function printSection(terminal: Terminal, { path, about, keys }: KeySection, isFirst: boolean): void {
  if (!isFirst) print(terminal, '')
  print(terminal, path === '' ? about : `${path}: ${about}`)
  for (const { name, expected, doc, default: standard } of keys) {
    print(terminal, `  ${name}`)
    print(terminal, `    ${doc}`)
    print(terminal, `    Expects ${expected}.${standard === undefined ? '' : ` Default: ${standard}.`}`)
  }
}
