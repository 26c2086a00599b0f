import { openExistingJournal } from '../../app/existing-state.ts'
import { journalPath } from '../../app/paths.ts'
import { didYouMean } from '../../config/did-you-mean.ts'
import type { Settings } from '../../config/settings.ts'
import { systemClock } from '../../core/clock.ts'
import { TaskbeatError } from '../../core/errors.ts'
import type { Instant } from '../../core/instant.ts'
import type { RunQuery } from '../../journal/run.ts'
import type { AddCommand } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import { readHistory } from '../history.ts'
import { historyHeadings, toHistoryRow } from '../history-row.ts'
import { notEmpty, readPastTime, wholeNumber } from '../option-values.ts'
import { toHistoryJson } from '../run-json.ts'
import { printJson, printTable, remark, type Terminal } from '../terminal.ts'

interface RunsOptions extends ConfigurationOption {
  readonly count?: number
  readonly since?: string
  readonly until?: string
  readonly json?: true
}

/** How many are shown of all, and of those since a time. */
const defaultCount = 20
const defaultCountOfRange = 10_000

/** `taskbeat runs`: what ran on this host, and what was missed, the newest first. */
export const addRuns: AddCommand = (program, { terminal, run }) => {
  program
    .command('runs')
    .description('what ran on this host and how it ended, and what was missed; the newest first')
    .argument('[name]', 'an entry or a task', notEmpty)
    .option(...configurationOption)
    .option(
      '-n, --count <n>',
      `how many (default: ${defaultCount}; with --since all, up to ${defaultCountOfRange})`,
      wholeNumber(1, 1_000_000),
    )
    .option('--since <time>', 'what began at this time or later, or so long ago at the most')
    .option('--until <time>', 'what began at this time or earlier, or so long ago at the least')
    .option('--json', 'for programs')
    .addHelpText('after', help)
    .action(
      run(async (name: string | undefined, options: RunsOptions) => {
        const { settings } = await readConfigurationOf(terminal, options, 'client')
        await showRuns(terminal, settings, name, options)
      }),
    )
}

const help = `
A time is a length such as 2h, which is so long ago, a date, or a date and time; the clock of the file's timezone,
unless it carries an offset.

  taskbeat runs etc-backup -n 5
  taskbeat runs --since 12h
  taskbeat runs --since 2027-03-28T02:00 --until 2027-03-28T04:00 --json`

async function showRuns(
  terminal: Terminal,
  settings: Settings,
  name: string | undefined,
  options: RunsOptions,
): Promise<void> {
  const { host } = terminal
  const now = systemClock.now()
  const range = readRange(terminal, options, settings.timezone, now)
  const journal = openExistingJournal(settings, host)
  try {
    const items = readHistory(journal, name, range)
    if (name !== undefined && items.length === 0 && readHistory(journal, name, { limit: 1 }).length === 0)
      refuseUnknown(settings, name)
    if (items.length === defaultCountOfRange && options.count === undefined)
      remark(terminal, `the last ${items.length.toLocaleString('en')} are shown; -n says how many shall be`)
    if (options.json)
      return printJson(
        terminal,
        items.map((item) => toHistoryJson(item, host.name)),
      )
    const of = name === undefined ? '' : ` of ${name}`
    const then = options.since === undefined && options.until === undefined ? '' : ' of that time'
    if (items.length === 0)
      remark(terminal, `no runs${of}${then} in the journal of ${host.name}, ${journalPath(settings)}`)
    else
      printTable(
        terminal,
        historyHeadings(settings.timezone),
        items.map((item) => toHistoryRow(item, settings.timezone, now)),
      )
  } finally {
    await journal.close()
  }
}

function readRange(
  terminal: Terminal,
  options: RunsOptions,
  timezone: string,
  now: Instant,
): Pick<RunQuery, 'since' | 'until' | 'limit'> {
  const time = (option: 'since' | 'until'): Instant | undefined => {
    const text = options[option]
    return text === undefined ? undefined : readPastTime(terminal, `--${option}`, text, { timezone, now })
  }
  const [since, until] = [time('since'), time('until')]
  if (since !== undefined && until !== undefined && until < since)
    throw new TaskbeatError('USAGE', '--until is before --since')
  return {
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    limit: options.count ?? (since === undefined ? defaultCount : defaultCountOfRange),
  }
}

/** A task of a module is not in the file; without modules, who is not in the file does not exist. */
function refuseUnknown({ schedules, tasks, worker }: Settings, name: string): void {
  const known = [...schedules, ...tasks].map((each) => each.name)
  if (worker.modules.length > 0 || known.includes(name)) return
  throw new TaskbeatError('USAGE', `there is no entry or task ${name}${didYouMean(name, known)}`)
}
