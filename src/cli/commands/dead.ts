import type { Command } from 'commander'
import { openExistingBroker } from '../../app/existing-state.ts'
import { type DeadLetter, type DeadLetters, deadLetterLimit } from '../../broker/dead-letters.ts'
import { describeError, TaskbeatError } from '../../core/errors.ts'
import type { AddCommand, CommandContext } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import {
  deadLetterHeadings,
  printDeadLetter,
  toDeadLetterJson,
  toDeadLetterRow,
} from '../dead-letter-report.ts'
import { exitCode } from '../exit-code.ts'
import { eachNotEmpty, notEmpty, wholeNumber } from '../option-values.ts'
import { print, printJson, printTable, remark, type Terminal } from '../terminal.ts'

interface DeadOptions extends ConfigurationOption {
  readonly json?: true
}

/** `taskbeat dead`: messages that were set aside because nothing will replace them. */
export const addDead: AddCommand = (program, context) => {
  const { run, terminal } = context
  const dead = program
    .command('dead')
    .description('messages that were set aside because they failed and nothing will replace them')
  dead
    .command('list')
    .description('the newest first')
    .option(...configurationOption)
    .option('-n, --count <n>', 'how many', wholeNumber(1, deadLetterLimit.count), 20)
    .option('--json', 'for programs')
    .addHelpText('after', '\n  taskbeat dead list -n 100')
    .action(
      run((options: DeadOptions & { readonly count: number }) =>
        withDeadLetters(terminal, options, async (letters) =>
          list(terminal, await letters.list(options.count), options),
        ),
      ),
    )
  dead
    .command('show')
    .description('the message, and why it was set aside')
    .argument('<id>', 'its id, or the beginning of it', notEmpty)
    .option(...configurationOption)
    .option('--json', 'for programs')
    .addHelpText('after', '\n  taskbeat dead show 1f3a82c0')
    .action(
      run((id: string, options: DeadOptions) =>
        withDeadLetters(terminal, options, async (letters) => {
          const letter = await letters.find(id)
          if (options.json) printJson(terminal, toDeadLetterJson(letter))
          else printDeadLetter(terminal, letter)
        }),
      ),
    )
  addChange(dead, context, {
    name: 'retry',
    description: 'back into the queue, due now, as the next attempt',
    done: 'back in its queue',
    change: (letters, id) => letters.retry(id),
  })
  addChange(dead, context, {
    name: 'drop',
    description: 'removed for good',
    done: 'removed',
    change: (letters, id) => letters.drop(id),
  })
}

/** What can be done to a dead letter. */
interface Change {
  readonly name: string
  readonly description: string
  readonly done: string
  readonly change: (letters: DeadLetters, id: string) => Promise<void>
}

function addChange(
  dead: Command,
  { terminal, run }: CommandContext,
  { name, description, done, change }: Change,
): void {
  dead
    .command(name)
    .description(description)
    .argument('[id...]', 'ids, or the beginnings of them', eachNotEmpty)
    .option('--all', 'every one there is')
    .option(...configurationOption)
    .addHelpText('after', `\n  taskbeat dead ${name} 1f3a82c0\n  taskbeat dead ${name} --all`)
    .action(
      run((ids: readonly string[], options: ConfigurationOption & { readonly all?: true }) => {
        if (ids.length > 0 === (options.all === true))
          throw new TaskbeatError('USAGE', `dead ${name}: name the ids, or say --all`)
        return withDeadLetters(terminal, options, async (letters) => {
          const chosen = options.all ? await letters.list(deadLetterLimit.count) : await findAll(letters, ids)
          return changeEach(terminal, chosen, { done, change: (id) => change(letters, id) })
        })
      }),
    )
}

/** Rejects before anything is changed when one of them does not exist. */
async function findAll(letters: DeadLetters, ids: readonly string[]): Promise<readonly DeadLetter[]> {
  const found = await Promise.all(ids.map((id) => letters.find(id)))
  return [...new Map(found.map((letter) => [letter.id, letter])).values()]
}

/** Does what can be done; what cannot is told, and makes the exit code 1. */
async function changeEach(
  terminal: Terminal,
  letters: readonly DeadLetter[],
  { done, change }: { readonly done: string; readonly change: (id: string) => Promise<void> },
): Promise<number> {
  let code: number = exitCode.ok
  for (const { id } of letters) {
    try {
      await change(id)
      print(terminal, `${id}: ${done}`)
    } catch (error) {
      if (!(error instanceof TaskbeatError)) throw error
      remark(terminal, describeError(error))
      code = exitCode.failed
    }
  }
  if (letters.length === 0) remark(terminal, 'there are no dead letters')
  return code
}

function list(terminal: Terminal, letters: readonly DeadLetter[], { json }: DeadOptions): void {
  if (json) printJson(terminal, letters.map(toDeadLetterJson))
  else if (letters.length === 0) remark(terminal, 'there are no dead letters')
  else printTable(terminal, deadLetterHeadings, letters.map(toDeadLetterRow))
}

async function withDeadLetters<T>(
  terminal: Terminal,
  options: ConfigurationOption,
  work: (letters: DeadLetters) => Promise<T>,
): Promise<T> {
  const { settings } = await readConfigurationOf(terminal, options, 'client')
  const broker = openExistingBroker(settings, terminal.host)
  try {
    return await work(broker.deadLetters)
  } finally {
    await broker.close()
  }
}
