import { openExistingJournal } from '../../app/existing-state.ts'
import { journalPath } from '../../app/paths.ts'
import { didYouMean } from '../../config/did-you-mean.ts'
import type { Settings } from '../../config/settings.ts'
import { systemClock } from '../../core/clock.ts'
import { TaskbeatError } from '../../core/errors.ts'
import type { AddCommand } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import { readHistory } from '../history.ts'
import { historyHeadings, toHistoryRow } from '../history-row.ts'
import { notEmpty, wholeNumber } from '../option-values.ts'
import { toHistoryJson } from '../run-json.ts'
import { printJson, printTable, remark, type Terminal } from '../terminal.ts'

interface RunsOptions extends ConfigurationOption {
  readonly count: number
  readonly json?: true
}

/** `taskbeat runs`: what ran on this host, and what was missed, the newest first. */
export const addRuns: AddCommand = (program, { terminal, run }) => {
  program
    .command('runs')
    .description('what ran on this host and how it ended, and what was missed; the newest first')
    .argument('[name]', 'an entry or a task', notEmpty)
    .option(...configurationOption)
    .option('-n, --count <n>', 'how many', wholeNumber(1, 1_000_000), 20)
    .option('--json', 'for programs')
    .addHelpText('after', '\n  taskbeat runs etc-backup -n 5\n  taskbeat runs --json')
    .action(
      run(async (name: string | undefined, options: RunsOptions) => {
        const { settings } = await readConfigurationOf(terminal, options, 'client')
        await showRuns(terminal, settings, name, options)
      }),
    )
}

async function showRuns(
  terminal: Terminal,
  settings: Settings,
  name: string | undefined,
  { count, json }: RunsOptions,
): Promise<void> {
  const { host } = terminal
  const journal = openExistingJournal(settings, host)
  try {
    const items = readHistory(journal, name, count)
    if (items.length === 0 && name !== undefined) refuseUnknown(settings, name)
    if (json)
      return printJson(
        terminal,
        items.map((item) => toHistoryJson(item, host.name)),
      )
    const of = name === undefined ? '' : ` of ${name}`
    if (items.length === 0)
      remark(terminal, `no runs${of} in the journal of ${host.name}, ${journalPath(settings)}`)
    else
      printTable(
        terminal,
        historyHeadings,
        items.map((item) => toHistoryRow(item, systemClock.now())),
      )
  } finally {
    await journal.close()
  }
}

/** A task of a module is not in the file; without modules, who is not in the file does not exist. */
function refuseUnknown({ schedules, tasks, worker }: Settings, name: string): void {
  const known = [...schedules, ...tasks].map((each) => each.name)
  if (worker.modules.length > 0 || known.includes(name)) return
  throw new TaskbeatError('USAGE', `there is no entry or task ${name}${didYouMean(name, known)}`)
}
