/**
 * The command line: the only place that sees argv, and the only one that exits.
 *
 * A command is a file in `commands/` that adds itself to the program. Data goes to standard output (`--json` for
 * programs), everything else to standard error; the exit code is 0, 1 when it failed, 2 when it was called wrongly
 * or names what does not exist, 78 when the configuration is to blame.
 */
import { Command, CommanderError } from 'commander'
import { thisHost } from '../app/host.ts'
import { printable } from '../config/problem.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'
import type { AddCommand, CommandContext } from './command.ts'
import { addBeat } from './commands/beat.ts'
import { addCancel } from './commands/cancel.ts'
import { addCheck } from './commands/check.ts'
import { addDead } from './commands/dead.ts'
import { addDev } from './commands/dev.ts'
import { addInit } from './commands/init.ts'
import { addNext } from './commands/next.ts'
import { addReference } from './commands/reference.ts'
import { addReload } from './commands/reload.ts'
import { addRuns } from './commands/runs.ts'
import { addSend } from './commands/send.ts'
import { addService } from './commands/service.ts'
import { addShow } from './commands/show.ts'
import { addStatus } from './commands/status.ts'
import { addTrigger } from './commands/trigger.ts'
import { addWorker } from './commands/worker.ts'
import { exitCode, exitCodeOf } from './exit-code.ts'
import { complain, type Terminal } from './terminal.ts'
import { version } from './version.ts'

const commands: readonly AddCommand[] = [
  addBeat,
  addWorker,
  addDev,
  addCheck,
  addNext,
  addTrigger,
  addSend,
  addCancel,
  addStatus,
  addRuns,
  addShow,
  addDead,
  addReload,
  addReference,
  addInit,
  addService,
]

/** Runs the command that `argv` (without node and script) names, and resolves with the exit code. */
export async function main(argv: readonly string[], terminal: Terminal = ownTerminal()): Promise<number> {
  let code: number = exitCode.ok
  const context: CommandContext = {
    terminal,
    run:
      (action) =>
      async (...args) => {
        try {
          const ended = await action(...args)
          code = typeof ended === 'number' ? ended : exitCode.ok
        } catch (error) {
          const message = error instanceof TaskbeatError ? error.message : `taskbeat: ${describeError(error)}`
          for (const line of message.split('\n')) complain(terminal, printable(line))
          code = exitCodeOf(error)
        }
      },
  }
  try {
    await createProgram(context).parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    code = error.exitCode === 0 ? exitCode.ok : exitCode.usage
  }
  return code
}

/** The program to be read and not to be run: what commands there are, and what they take. */
export function describeProgram(): Command {
  return createProgram({ terminal: ownTerminal(), run: () => async () => {} })
}

function createProgram(context: CommandContext): Command {
  const { stdout, stderr } = context.terminal
  const program = new Command('taskbeat')
    .description('Runs work on time: one YAML file says what is due when.')
    .version(version)
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
    })
    .addHelpText('after', exitCodes)
    .showHelpAfterError('(taskbeat --help tells more)')
    .exitOverride()
  for (const add of commands) add(program, context)
  return program
}

const exitCodes = `
Exit codes: 0 done, 1 failed, 2 called wrongly or with the name of what does not exist, 78 the configuration is to
blame.`

function ownTerminal(): Terminal {
  // Who reads along may leave early, `taskbeat next | head`; what is printed then goes nowhere.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  return { host: thisHost(), stdout: process.stdout, stderr: process.stderr }
}
