import type { Settings } from '../../config/settings.ts'
import { systemClock } from '../../core/clock.ts'
import { TaskbeatError } from '../../core/errors.ts'
import { type Instant, toIso } from '../../core/instant.ts'
import type { Occurrence } from '../../schedule/agenda.ts'
import { compileEntry } from '../../schedule/entry.ts'
import type { AddCommand } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import { findEntries } from '../known-name.ts'
import { eachNotEmpty, readTime, wholeNumber } from '../option-values.ts'
import { printJson, printTable, remark, type Terminal } from '../terminal.ts'
import { type Range, upcoming } from '../upcoming.ts'
import { remarkOnSilence, toUpcomingRow, upcomingHeadings } from '../upcoming-row.ts'

interface NextOptions extends ConfigurationOption {
  readonly count?: number
  readonly from?: string
  readonly to?: string
  readonly json?: true
}

/** How many are shown of a range without an end, and of one with an end. */
const defaultCount = 20
const defaultCountOfRange = 10_000

/** `taskbeat next`: what is due when, read from the file alone. */
export const addNext: AddCommand = (program, { terminal, run }) => {
  program
    .command('next')
    .description('what will be due when, by the configuration alone')
    .argument('[entry...]', 'only these entries', eachNotEmpty)
    .option(...configurationOption)
    .option(
      '-n, --count <n>',
      `how many (default: ${defaultCount}; with --to all, up to ${defaultCountOfRange})`,
      wholeNumber(1, 1_000_000),
    )
    .option('--from <time>', 'strictly after this time (default: now)')
    .option('--to <time>', 'up to this time, inclusive')
    .option('--json', 'for programs: slots before jitter')
    .addHelpText('after', help)
    .action(
      run(async (names: readonly string[], options: NextOptions) => {
        const { settings } = await readConfigurationOf(terminal, options, 'check')
        showNext(terminal, settings, names, options)
      }),
    )
}

const help = `
A time is the clock of the file's timezone, unless it carries an offset.

  taskbeat next etc-backup -n 5
  taskbeat next --from 2027-03-28T00:00 --to 2027-03-29T00:00 --json`

function showNext(
  terminal: Terminal,
  settings: Settings,
  names: readonly string[],
  options: NextOptions,
): void {
  const now = systemClock.now()
  const time = (option: 'from' | 'to'): Instant | undefined => {
    const text = options[option]
    return text === undefined ? undefined : readTime(terminal, `--${option}`, text, settings.timezone)
  }
  const from = time('from') ?? now
  const to = time('to')
  if (to !== undefined && to < from) throw new TaskbeatError('USAGE', '--to is before --from')
  const entries = findEntries(settings, names).map(compileEntry)
  const limit = options.count ?? (to === undefined ? defaultCount : defaultCountOfRange)
  const range = { from, to, limit, by: options.json ? 'due' : 'eta' } satisfies Range
  const { occurrences, more } = upcoming(entries, range)
  if (options.json) printJson(terminal, occurrences.map(toJson))
  else if (occurrences.length > 0)
    printTable(
      terminal,
      upcomingHeadings,
      occurrences.map((occurrence) => toUpcomingRow(occurrence, now)),
    )
  if (more && to !== undefined && options.count === undefined)
    remark(terminal, `the first ${limit.toLocaleString('en')} are shown; -n says how many shall be`)
  if (!options.json) for (const line of remarkOnSilence(entries, range)) remark(terminal, line)
}

function toJson({ entry, due }: Occurrence): unknown {
  const { name, task, timezone } = entry.spec
  return { entry: name, due: toIso(due), task, timezone }
}
