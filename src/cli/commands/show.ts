import { openExistingJournal } from '../../app/existing-state.ts'
import type { AddCommand } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import { notEmpty } from '../option-values.ts'
import { toRunDetailsJson } from '../run-json.ts'
import { printRun } from '../run-report.ts'
import { printJson } from '../terminal.ts'

/** `taskbeat show`: one run, with every attempt and what it printed. */
export const addShow: AddCommand = (program, { terminal, run }) => {
  program
    .command('show')
    .description('a run of this host: every attempt, how it ended, and what it printed')
    .argument('<run>', 'its id, or the beginning of it', notEmpty)
    .option(...configurationOption)
    .option('--json', 'for programs')
    .addHelpText('after', '\n  taskbeat show 1f3a82c0')
    .action(
      run(async (id: string, options: ConfigurationOption & { readonly json?: true }) => {
        const { settings } = await readConfigurationOf(terminal, options, 'client')
        const journal = openExistingJournal(settings, terminal.host)
        try {
          const attempts = journal.attempts(id)
          if (options.json) printJson(terminal, toRunDetailsJson(attempts))
          else printRun(terminal, attempts, settings.timezone)
        } finally {
          await journal.close()
        }
      }),
    )
}
