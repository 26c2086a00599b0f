import type { Command, Option } from 'commander'
import { bold, item, prose, roff, section, subsection, verbatim } from './roff.ts'

/** Every command of the program, those of a group (`dead list`) included, each as a subsection. */
export function commandSections(program: Command): string {
  const help = program.createHelp()
  return [
    section('OPTIONS', ...help.visibleOptions(program).map(optionItem)),
    section('COMMANDS', prose('Each has `--help`.')),
    ...leaves(program).map((command) =>
      subsection(callOf(command), capitalised(help.commandDescription(command)), ...detailsOf(command)),
    ),
  ].join('\n')
}

/** Arguments, options and remarks of one command. */
export function detailsOf(command: Command): readonly string[] {
  const help = command.createHelp()
  return [
    ...help
      .visibleArguments(command)
      .map((argument) => item(bold(help.argumentTerm(argument)), prose(help.argumentDescription(argument)))),
    ...help
      .visibleOptions(command)
      .filter(({ long }) => long !== '--help')
      .map(optionItem),
    remarksOf(command),
  ]
}

function optionItem(option: Option): string {
  const { flags, description, defaultValue } = option
  const standard = defaultValue === undefined ? '' : ` (default: ${String(defaultValue)})`
  return item(bold(flags), prose(`${description}${standard}`))
}

/** The commands that do something: of a group those that are in it. */
export function leaves(command: Command): readonly Command[] {
  return command.commands.flatMap((each) => (each.commands.length > 0 ? leaves(each) : [each]))
}

function callOf(command: Command): string {
  const names: string[] = []
  for (let each: Command | null = command; each?.parent; each = each.parent) names.unshift(each.name())
  return [...names, command.usage()].join(' ')
}

function capitalised(text: string): string {
  return prose(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`)
}

/** What `--help` prints below the options: sentences, and examples, which are indented. */
function remarksOf(command: Command): string {
  const written: string[] = []
  command.configureOutput({ writeOut: (text) => written.push(text) }).outputHelp()
  const [, ...remarks] = written
  return remarks
    .join('')
    .split(/\n{2,}/)
    .map((block) => block.replace(/^\n|\n$/g, ''))
    .filter((block) => block !== '')
    .map((block) => (block.startsWith(' ') ? verbatim(block) : roff(block)))
    .join('\n.PP\n')
}
