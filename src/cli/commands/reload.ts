import { describeError, TaskbeatError } from '../../core/errors.ts'
import { awaitReloads, machineNow } from '../../system/reload-answer.ts'
import type { AddCommand } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { remark, type Terminal } from '../terminal.ts'

/** How long a service may take to reload, and how long those beside it, which may be stopping meanwhile. */
const patienceMs = 50_000
const otherPatienceMs = 5_000

interface Options {
  readonly with?: string
}

/** `taskbeat reload`: what the unit files say to reload a service. */
export const addReload: AddCommand = (program, { terminal, run }) => {
  program
    .command('reload')
    .description('for unit files: make the service reload, and wait until it has')
    .option('--with <pattern>', 'wait also for the services whose runtime directories match')
    .addHelpText(
      'after',
      '\nThe service is the process $MAINPID with the runtime directory $RUNTIME_DIRECTORY. Exits with 1 when the\n' +
        'configuration was not loaded: what is wrong with it stands in the log of the service.',
    )
    .action(run((options: Options) => reload(options, terminal)))
}

async function reload(options: Options, terminal: Terminal): Promise<number> {
  const { MAINPID: pid = '', RUNTIME_DIRECTORY: directory = '' } = terminal.host.env
  if (!/^[1-9]\d*$/.test(pid) || directory === '')
    throw new TaskbeatError(
      'USAGE',
      '$MAINPID and $RUNTIME_DIRECTORY say which service is to reload; by hand: systemctl reload taskbeat',
    )
  // Systemd asks all of them at once, each by a process such as this one.
  const begun = machineNow() - BigInt(Math.round(process.uptime() * 1e9))
  const since = machineNow()
  signal(Number(pid))
  const own = await awaitReloads(directory, { since, least: 1, deadline: AbortSignal.timeout(patienceMs) })
  const others = options.with
    ? await awaitReloads(options.with, {
        since: begun,
        least: 0,
        deadline: AbortSignal.timeout(otherPatienceMs),
      })
    : { refused: [], silent: [] }
  const refused = [...own.refused, ...others.refused]
  for (const each of refused) remark(terminal, `${each}: the configuration was not loaded`)
  for (const each of [...own.silent, ...others.silent])
    remark(terminal, `${each}: the service has not answered`)
  return refused.length + own.silent.length > 0 ? exitCode.failed : exitCode.ok
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGHUP')
  } catch (error) {
    throw new TaskbeatError('STATE_UNUSABLE', `cannot signal process ${pid}: ${describeError(error)}`, {
      cause: error,
    })
  }
}
