import { readConfiguration } from '../../app/configuration.ts'
import { isThere } from '../../app/existing-state.ts'
import type { Host } from '../../app/host.ts'
import { listModules } from '../../app/list-modules.ts'
import { findConfigFile } from '../../config/find-config-file.ts'
import { type Loaded, type LoadOptions, loadSettings } from '../../config/load-settings.ts'
import { type Problem, renderProblem } from '../../config/problem.ts'
import { queueNameProblem } from '../../config/queue-name.ts'
import type { Settings } from '../../config/settings.ts'
import { systemClock } from '../../core/clock.ts'
import { TaskbeatError } from '../../core/errors.ts'
import type { Instant } from '../../core/instant.ts'
import { compileEntry } from '../../schedule/entry.ts'
import type { ModuleListing } from '../../worker/module-listing.ts'
import { createRegistry } from '../../worker/registry.ts'
import type { ModuleProblem } from '../../worker/task-collection.ts'
import { matchFiles } from '../../worker/task-modules.ts'
import type { AddCommand } from '../command.ts'
import { type ConfigurationOption, configurationOption } from '../configuration-option.ts'
import { exitCode } from '../exit-code.ts'
import { isoOrNull, nearTime, relativeTime } from '../local-time.ts'
import { diffSettings } from '../settings-diff.ts'
import { printSettingsDiff, toDiffJson } from '../settings-diff-report.ts'
import { print, printJson, remark, type Terminal } from '../terminal.ts'
import { upcoming } from '../upcoming.ts'

interface CheckOptions extends ConfigurationOption {
  readonly strict?: true
  readonly against?: string
  readonly modules?: true
  readonly json?: true
}

/** `taskbeat check`: whether a configuration is fit for use, and what deploying it would change. */
export const addCheck: AddCommand = (program, { terminal, run }) => {
  program
    .command('check')
    .description('say everything that is wrong with the configuration, and what is legal but suspicious')
    .argument('[file]', 'the configuration')
    .option(...configurationOption)
    .option('--strict', 'exit with 1 when there are warnings')
    .option('--against <old>', 'show what this configuration would change in the place of an old one')
    .option(
      '--modules',
      'import the task modules as well, and find the tasks that they do not have, named or given options',
    )
    .option('--json', 'for programs')
    .addHelpText('after', examples)
    .action(
      run(async (file: string | undefined, options: CheckOptions) => {
        if (file !== undefined && options.config !== undefined)
          throw new TaskbeatError('USAGE', 'the configuration is given twice: as an argument and by --config')
        return check(terminal, { ...options, ...(file !== undefined && { config: file }) })
      }),
    )
}

const examples = `
It reads the file and what it includes, and looks whether its modules are there: no database is opened, and no module
is imported unless --modules says so.

  taskbeat check schedules.yaml --strict
  taskbeat check new.yaml --against /etc/taskbeat/schedules.yaml`

async function check(terminal: Terminal, options: CheckOptions): Promise<number> {
  const loaded = await load(terminal, options)
  if ('problems' in loaded) {
    if (options.json) printJson(terminal, { ...nothing, problems: loaded.problems.map(toProblemJson) })
    else for (const problem of loaded.problems) remark(terminal, renderProblem(problem))
    return exitCode.configuration
  }
  const { settings, warnings } = loaded
  const now = systemClock.now()
  const next = firstStart(settings, now)
  const diff = options.against && diffSettings(await readOld(options.against, terminal.host), settings, now)
  if (options.json) {
    printJson(terminal, {
      ok: true,
      entries: settings.schedules.length,
      tasks: settings.tasks.length,
      next: next ? { ...next, due: isoOrNull(next.due), eta: isoOrNull(next.eta) } : null,
      problems: [],
      warnings: warnings.map(toProblemJson),
      ...(diff && { changes: toDiffJson(diff) }),
    })
  } else {
    print(terminal, `ok: ${summary(settings, next, now)}`)
    if (diff) printSettingsDiff(terminal, diff, now)
    for (const warning of warnings) remark(terminal, `warning: ${renderProblem(warning)}`)
  }
  return options.strict && warnings.length > 0 ? exitCode.failed : exitCode.ok
}

const nothing = { ok: false, entries: null, tasks: null, next: null, warnings: [] }

async function load(terminal: Terminal, { config, modules }: CheckOptions): Promise<Loaded> {
  const { env, cwd, isRoot, name } = terminal.host
  const found = findConfigFile({ flag: config, env, cwd, role: 'check', isRoot })
  if ('message' in found) return { problems: [found] }
  if (found.how === 'workingDirectory') remark(terminal, `using ./${found.path}`)
  const options: LoadOptions = { role: 'check', env, cwd, hostname: name }
  const loaded = await loadSettings(found.path, options)
  if ('problems' in loaded) return loaded
  return withAbsentFiles(await withModules(terminal, found.path, options, loaded, modules), found.path)
}

/** What connecting to the broker will need; CI may well check a file whose secrets are elsewhere. */
function withAbsentFiles(loaded: Loaded, file: string): Loaded {
  if ('problems' in loaded || loaded.settings.broker.kind !== 'amqp') return loaded
  const { passwordFile, tls } = loaded.settings.broker
  const named = { password_file: passwordFile, 'tls.ca': tls.ca, 'tls.cert': tls.cert, 'tls.key': tls.key }
  const warnings = Object.entries(named)
    .filter(([, path]) => path !== undefined && !isThere(path))
    .map(([key, path]) => ({ file, path: `broker.${key}`, message: `${path}: there is no such file here` }))
  return { ...loaded, warnings: [...loaded.warnings, ...warnings] }
}

async function withModules(
  terminal: Terminal,
  path: string,
  options: LoadOptions,
  loaded: Extract<Loaded, { readonly settings: Settings }>,
  modules: true | undefined,
): Promise<Loaded> {
  if (loaded.settings.worker.modules.length === 0) return loaded
  const absent = await absentOf(loaded.settings.worker.modules)
  if (modules) return loadWithModules(path, options, loaded.settings, absent, terminal)
  if (absent.length === 0) return loaded
  return loadSettings(path, { ...options, absentModules: { patterns: absent, severity: 'warning' } })
}

async function absentOf(modules: readonly string[]): Promise<readonly string[]> {
  return (await matchFiles(modules)).problems.map(({ file }) => file)
}

/** The file once more, read against the tasks that its modules have. */
async function loadWithModules(
  path: string,
  options: LoadOptions,
  settings: Settings,
  absent: readonly string[],
  { host }: Terminal,
): Promise<Loaded> {
  const listing = await listModules(settings, host)
  if (typeof listing === 'string')
    return {
      problems: [
        { file: settings.worker.modules.join(', '), path: '', message: `cannot be loaded: ${listing}` },
      ],
    }
  const loaded = await loadSettings(path, {
    ...options,
    moduleTasks: listing.tasks.map((task) => task.name),
    absentModules: { patterns: absent, severity: 'problem' },
  })
  const refused = 'problems' in loaded ? [] : refusedTasks(listing, loaded.settings)
  const problems = [...listing.problems, ...refused]
    .filter(({ file }) => !absent.includes(file))
    .map(({ file, reason: message }) => ({ file, path: '', message }))
  if (problems.length === 0) return loaded
  return { problems: [...('problems' in loaded ? loaded.problems : []), ...problems] }
}

/** What the worker finds wrong with them as it puts them together with the configuration. */
function refusedTasks(
  { tasks: modules }: ModuleListing,
  { tasks: definitions, taskDefaults: defaults }: Settings,
): readonly ModuleProblem[] {
  return createRegistry({ definitions, modules, defaults, queueProblem: queueNameProblem }).problems
}

async function readOld(path: string, host: Host): Promise<Settings> {
  try {
    return (await readConfiguration({ path, role: 'check' }, host)).settings
  } catch (error) {
    if (!(error instanceof TaskbeatError)) throw error
    throw new TaskbeatError(error.code, `nothing to compare with:\n${error.message}`, { cause: error })
  }
}

interface NextStart {
  readonly entry: string
  readonly due: Instant
  readonly eta: Instant
  readonly task: string
  readonly timezone: string
}

function firstStart({ schedules }: Settings, now: Instant): NextStart | undefined {
  const [first] = upcoming(schedules.map(compileEntry), { from: now, limit: 1, by: 'eta' }).occurrences
  if (!first) return undefined
  const { name: entry, task, timezone } = first.entry.spec
  return { entry, due: first.due, eta: first.entry.etaOf(first.due), task, timezone }
}

function summary({ schedules, tasks }: Settings, next: NextStart | undefined, now: Instant): string {
  const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`
  const parts = [
    counted(schedules.length, 'entry', 'entries'),
    counted(tasks.length, 'task', 'tasks'),
    next
      ? `next: ${next.entry} at ${nearTime(next.eta, next.timezone, now)} (${relativeTime(next.eta, now)})`
      : 'nothing is due',
  ]
  return parts.join(', ')
}

function toProblemJson({ file, line, column, path, message }: Problem): unknown {
  return { file, line: line ?? null, column: column ?? null, path, message }
}
