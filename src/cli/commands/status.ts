import { queueNameProblem } from '../../config/queue-name.ts'
import { systemClock } from '../../core/clock.ts'
import { TaskbeatError } from '../../core/errors.ts'
import type { AddCommand } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import { eachNotEmpty } from '../option-values.ts'
import { readOverview } from '../overview.ts'
import { toOverviewJson } from '../overview-json.ts'
import { printOverview } from '../overview-report.ts'
import { printJson } from '../terminal.ts'

interface StatusOptions extends ConfigurationOption {
  readonly queue?: readonly string[]
  readonly json?: true
}

/** `taskbeat status`: who leads, who works, what waits, and how each entry fares. */
export const addStatus: AddCommand = (program, { terminal, run }) => {
  program
    .command('status')
    .description('who leads, who works, what waits, and the last and the next run of each entry')
    .option(...configurationOption)
    .option('--queue <queue>', 'also this one, which the file does not name; may be repeated', eachNotEmpty)
    .option('--json', 'for programs')
    .addHelpText('after', '\n  taskbeat status\n  taskbeat status --json')
    .action(
      run(async ({ queue: queues = [], ...options }: StatusOptions) => {
        for (const queue of queues) {
          const problem = queueNameProblem(queue)
          if (problem !== undefined) throw new TaskbeatError('USAGE', `--queue: ${problem}`)
        }
        const { settings } = await readConfigurationOf(terminal, options, 'client')
        const overview = await readOverview(settings, terminal.host, systemClock.now(), queues)
        if (options.json) printJson(terminal, toOverviewJson(overview))
        else printOverview(terminal, overview)
      }),
    )
}
