import { openExistingBroker, openExistingJournal } from '../../app/existing-state.ts'
import { printable } from '../../config/problem.ts'
import type { Settings } from '../../config/settings.ts'
import { TaskbeatError } from '../../core/errors.ts'
import { isUuid } from '../../core/uuid.ts'
import type { CancelAnswer } from '../../task/run.ts'
import type { AddCommand } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import { exitCode } from '../exit-code.ts'
import { notEmpty } from '../option-values.ts'
import { print, printJson, remark, type Terminal } from '../terminal.ts'

interface Cancelling extends ConfigurationOption {
  readonly abort?: true
  readonly json?: true
}

/** `taskbeat cancel`: one run is not to begin, or to end. */
export const addCancel: AddCommand = (program, { terminal, run }) => {
  program
    .command('cancel')
    .description('keep a run from starting; prints what became of it')
    .argument('<id>', 'its id, or the beginning of it if a worker here has taken it', notEmpty)
    .option(...configurationOption)
    .option('--abort', 'tell it to end if it runs; it does not come again')
    .option('--json', 'for programs')
    .addHelpText('after', help)
    .action(
      run(async (named: string, options: Cancelling) => {
        const { settings } = await readConfigurationOf(terminal, options, 'client')
        const id = await wholeId(terminal, settings, named)
        const broker = openExistingBroker(settings, terminal.host)
        try {
          const answer = await broker.results.cancel(id, { abort: options.abort === true })
          if (options.json) printJson(terminal, { id, answer })
          else print(terminal, answer)
          const why = answer === 'unknown' && !isUuid(id) ? unknownBeginning : refusals[answer]
          if (why !== undefined) remark(terminal, `${printable(id)} ${why}`)
          return why === undefined ? exitCode.ok : exitCode.failed
        } finally {
          await broker.close()
        }
      }),
    )
}

/** Of a run that is in this host's journal; what is not there, or not alone, is taken as it was said. */
async function wholeId(terminal: Terminal, settings: Settings, named: string): Promise<string> {
  if (!/^[\da-f-]{4,35}$/.test(named)) return named
  try {
    const journal = openExistingJournal(settings, terminal.host)
    try {
      return journal.attempts(named)[0]?.id ?? named
    } finally {
      await journal.close()
    }
  } catch (error) {
    if (error instanceof TaskbeatError) return named
    throw error
  }
}

/** Why it is not as it was asked for. */
const refusals: Readonly<Partial<Record<CancelAnswer, string>>> = {
  running: 'runs already; --abort tells it to end',
  ended: 'has ended already',
  unknown: 'is known to nobody; if it waits in a queue of RabbitMQ, it never starts',
}

/** `runs` shows so much of an id. */
const unknownBeginning = 'is known to nobody; an id has to be given in full, as show prints it'

const help = `
It prints dropped (it never starts) or aborted (it was told to end), and ends with 0; or running, ended or unknown, and
ends with 1.

  taskbeat cancel 1f3a82c0-5b1e-4c0a-9d5e-0a4b7c2d9e11
  taskbeat cancel 1f3a82c0-5b1e-4c0a-9d5e-0a4b7c2d9e11 --abort`
