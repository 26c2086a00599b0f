import { existsSync } from 'node:fs'
import { Option } from 'commander'
import { TaskbeatError } from '../../core/errors.ts'
import type { AddCommand } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import {
  type Call,
  forgetCalls,
  noticeCalls,
  startCalls,
  stateOf,
  stopCalls,
} from '../service/init-system.ts'
import {
  groundOf,
  type Init,
  lasting,
  mark,
  packagedFiles,
  partsOf,
  services,
  serviceUser,
} from '../service/installation.ts'
import { ownSetting } from '../service/own-setting.ts'
import { conditionOf, isMade, make, nameOf, run, takeAway } from '../service/part.ts'
import { print, printJson, remark, type Terminal } from '../terminal.ts'

interface Options {
  readonly init: Init | 'auto'
  readonly dryRun?: true
  readonly now?: true
  readonly json?: true
}

/** `taskbeat service`: beat and worker as services of this machine. */
export const addService: AddCommand = (program, { terminal, run: wrap }) => {
  const service = program.command('service').description('beat and worker as services of this machine')
  const initOption = (): Option =>
    new Option('--init <system>', 'units of systemd, init scripts, or what runs here')
      .choices(['auto', 'systemd', 'sysv'])
      .default('auto')
  service
    .command('install')
    .description('make the user, the directories, a configuration to begin with, and the services')
    .addOption(initOption())
    .option('--now', 'start them as well, now and with the machine')
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', installHelp)
    .action(wrap(async (options: Options) => install(terminal, options)))
  service
    .command('uninstall')
    .description('stop the services and take away what install has made of them')
    .addOption(initOption())
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', '\nThe configuration (/etc/taskbeat, /etc/default), the state and the user stay.')
    .action(wrap(async (options: Options) => uninstall(terminal, options)))
  service
    .command('status')
    .description('say what is installed, and what runs; exit with 1 when something is missing')
    .addOption(initOption())
    .option('--json', 'for programs')
    .action(wrap(async (options: Options) => status(terminal, options)))
}

const installHelp = `
It may be called again at any time, after an upgrade for instance: what is there is brought up to date, the
configuration is left alone.

  taskbeat service install --dry-run
  sudo taskbeat service install --now`

function install(terminal: Terminal, options: Options): number {
  const setting = ownSetting(options.init)
  // Two sets of files for the same services would only hide each other.
  if (setting.packaged)
    throw refused(`a package has installed the services already (${setting.packaged}); nothing was done`)
  if (setting.obstacle && !options.dryRun) throw refused(setting.obstacle)
  const found = partsOf(setting).map((part) => ({ ...part, condition: conditionOf(part, mark) }))
  const foreign = found.filter(({ condition }) => condition === 'foreign')
  for (const part of foreign)
    remark(terminal, `${nameOf(part)} is there, and not by this command; nothing was done`)
  if (foreign.length > 0) return exitCode.failed
  const walk = createWalk(terminal, options)
  for (const part of found) {
    if (part.condition === 'missing') walk.step('create', nameOf(part), () => make(part))
    else if (part.condition === 'outdated') walk.step('update', nameOf(part), () => make(part))
    else if (part.condition === 'kept') walk.keep(nameOf(part))
  }
  walk.calls(noticeCalls(setting.init))
  if (options.now) walk.calls(startCalls(setting.init))
  else if (!options.dryRun) for (const line of nextSteps(setting.init)) print(terminal, line)
  if (setting.obstacle) throw refused(setting.obstacle)
  return exitCode.ok
}

function nextSteps(init: Init): readonly string[] {
  const start =
    init === 'systemd' ? 'systemctl enable --now taskbeat taskworker' : 'taskbeat service install --now'
  return ['now write /etc/taskbeat/schedules.yaml, look with taskbeat check, and start:', `  ${start}`]
}

function uninstall(terminal: Terminal, options: Options): number {
  const setting = ownSetting(options.init)
  const gone = partsOf(setting).filter((part) => isMade(part, mark))
  if (gone.length === 0) {
    if (setting.packaged) throw refused('a package installed this: apt remove taskbeat')
    print(terminal, 'no service is installed by this command')
    return exitCode.ok
  }
  const walk = createWalk(terminal, options)
  walk.calls(stopCalls(setting.init))
  for (const part of gone) walk.step('remove', nameOf(part), () => takeAway(nameOf(part)))
  walk.calls([...forgetCalls(setting.init), ...noticeCalls(setting.init)])
  const kept = lasting(setting.init).filter((path) => existsSync(path))
  walk.keep(`${kept.join(', ')} and the user ${serviceUser}`)
  return exitCode.ok
}

function status(terminal: Terminal, options: Options): number {
  const setting = ownSetting(options.init)
  const parts = [
    ...(setting.packaged ? groundOf(setting) : partsOf(setting)).map((part) => ({
      name: nameOf(part),
      condition: conditionOf(part, mark),
    })),
    ...packagedFiles(setting).map((name) => ({ name, condition: existsSync(name) ? 'packaged' : 'missing' })),
  ]
  const states = services.map((name) => ({ name, state: stateOf(setting.init, name) }))
  const isWhole = parts.every(({ condition }) => condition !== 'missing' && condition !== 'foreign')
  if (options.json) {
    const { init, packaged } = setting
    printJson(terminal, {
      init,
      installed: isWhole,
      packaged: packaged !== undefined,
      parts,
      services: states,
    })
  } else {
    for (const { name, condition } of parts) print(terminal, `${condition.padEnd(8)}  ${name}`)
    if (setting.packaged) print(terminal, 'a package installed this')
    for (const { name, state } of states) print(terminal, `${name} is ${state}`)
  }
  return isWhole ? exitCode.ok : exitCode.failed
}

/** Does things one by one and tells each; as a dry run it only tells. */
function createWalk(
  terminal: Terminal,
  { dryRun }: Options,
): {
  step(verb: 'create' | 'update' | 'remove', what: string, act: () => void): void
  keep(what: string): void
  calls(calls: readonly Call[]): void
} {
  if (!dryRun && !terminal.host.isRoot) throw refused('only root may do this; see --dry-run')
  return {
    step(verb, what, act) {
      if (!dryRun) act()
      print(terminal, dryRun ? `would ${verb} ${what}` : `${verb}d ${what}`)
    },
    keep(what) {
      print(terminal, `${dryRun ? 'would keep' : 'kept'} ${what}`)
    },
    calls(calls) {
      for (const [command, ...args] of calls) {
        if (!dryRun) run(command, args)
        print(terminal, `${dryRun ? 'would run' : 'ran'} ${[command, ...args].join(' ')}`)
      }
    },
  }
}

function refused(why: string): TaskbeatError {
  return new TaskbeatError('REFUSED', why)
}
