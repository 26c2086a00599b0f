import { systemClock } from '../../core/clock.ts'
import type { AddCommand } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import { readOverview } from '../overview.ts'
import { toOverviewJson } from '../overview-json.ts'
import { printOverview } from '../overview-report.ts'
import { printJson } from '../terminal.ts'

/** `taskbeat status`: who leads, who works, what waits, and how each entry fares. */
export const addStatus: AddCommand = (program, { terminal, run }) => {
  program
    .command('status')
    .description('who leads, who works, what waits, and the last and the next run of each entry')
    .option(...configurationOption)
    .option('--json', 'for programs')
    .addHelpText('after', '\n  taskbeat status\n  taskbeat status --json')
    .action(
      run(async (options: ConfigurationOption & { readonly json?: true }) => {
        const { settings } = await readConfigurationOf(terminal, options, 'client')
        const overview = await readOverview(settings, terminal.host, systemClock.now())
        if (options.json) printJson(terminal, toOverviewJson(overview))
        else printOverview(terminal, overview)
      }),
    )
}
