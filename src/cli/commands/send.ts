import { Option } from 'commander'
import { didYouMean } from '../../config/did-you-mean.ts'
import { queueNameProblem } from '../../config/queue-name.ts'
import type { Settings } from '../../config/settings.ts'
import { isName, nameExpected } from '../../config/simple-kinds.ts'
import { systemClock } from '../../core/clock.ts'
import { TaskbeatError } from '../../core/errors.ts'
import { type Milliseconds, milliseconds, plus } from '../../core/instant.ts'
import { newUuid } from '../../core/uuid.ts'
import type { TaskDefinition } from '../../task/task-definition.ts'
import { defaultPriority, defaultQueue, type TaskMessage } from '../../task/task-message.ts'
import type { AddCommand } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import { duration, jsonList, jsonMap, readTime, wholeNumber } from '../option-values.ts'
import { type SendOptions, sendMessage, waitOption, waitTimeoutOption } from '../send-message.ts'
import { remark, type Terminal } from '../terminal.ts'

interface Call extends ConfigurationOption, SendOptions {
  readonly args?: readonly unknown[]
  readonly kwargs?: Readonly<Record<string, unknown>>
  readonly countdown?: Milliseconds
  readonly eta?: string
  readonly queue?: string
  readonly priority: number
  readonly expires?: Milliseconds
}

/** `taskbeat send`: a task, once. */
export const addSend: AddCommand = (program, { terminal, run }) => {
  program
    .command('send')
    .description('send a task to be run once; prints the id')
    .argument('<task>', 'a task of the configuration, or of a module of the worker')
    .option(...configurationOption)
    .option('--args <json>', 'positional arguments, a list', jsonList)
    .option('--kwargs <json>', 'named arguments, an object', jsonMap)
    .option('--countdown <duration>', 'not before this has passed', duration)
    .addOption(new Option('--eta <time>', 'not before this time').conflicts('countdown'))
    .option('--queue <queue>', "default: the task's")
    .option('--priority <n>', '0 to 9, larger goes first', wholeNumber(0, 9), defaultPriority)
    .option(
      '--expires <duration>',
      'what has not started this long after it should have never does',
      duration,
    )
    .option(...waitOption)
    .addOption(waitTimeoutOption())
    .option('--json', 'for programs')
    .addHelpText('after', help)
    .action(
      run(async (task: string, call: Call) => {
        const { settings } = await readConfigurationOf(terminal, call, 'client')
        const definition = findTask(terminal, settings, task)
        refuseUnreadArguments(definition, call)
        return sendMessage(terminal, settings, toMessage(terminal, settings, task, definition, call), call)
      }),
    )
}

const help = `
A time is the clock of the file's timezone, unless it carries an offset.

  taskbeat send reports.monthly --kwargs '{"to": "boss@example.org"}'
  taskbeat send add --args '[4, 4]' --countdown 10s --wait`

/** The task as the file has it. One that only a module may have is sent all the same. Throws TASK_UNDEFINED. */
function findTask(terminal: Terminal, { tasks, worker }: Settings, name: string): TaskDefinition | undefined {
  const found = tasks.find((task) => task.name === name)
  if (found) return found
  const known = tasks.map((task) => task.name)
  const meant = didYouMean(name, known)
  const told = `the configuration defines no task ${name}${meant}`
  if (worker.modules.length === 0) throw new TaskbeatError('TASK_UNDEFINED', told)
  if (meant === '') return undefined // a module's tasks are not in the file, and that is no slip
  remark(terminal, told)
  remark(terminal, 'it is sent all the same: a module of the worker may define it')
  return undefined
}

function refuseUnreadArguments(task: TaskDefinition | undefined, { args = [], kwargs = {} }: Call): void {
  if (!task || task.action.kind === 'module' || task.stdin) return
  if (args.length > 0 || Object.keys(kwargs).length > 0)
    throw new TaskbeatError(
      'USAGE',
      `${task.name} takes no arguments: its command does not read them; stdin: json would hand them over`,
    )
}

function toMessage(
  terminal: Terminal,
  { timezone }: Settings,
  task: string,
  definition: TaskDefinition | undefined,
  { args = [], kwargs = {}, countdown, eta: etaText, queue: named, priority, expires }: Call,
): TaskMessage {
  const queue = named ?? definition?.queue ?? defaultQueue
  if (!isName(task)) throw new TaskbeatError('USAGE', `<task>: expected ${nameExpected}`)
  const problem = queueNameProblem(queue)
  if (problem !== undefined) throw new TaskbeatError('USAGE', `--queue: ${problem}`)
  const now = systemClock.now()
  const eta =
    etaText === undefined
      ? plus(now, countdown ?? milliseconds(0))
      : readTime(terminal, '--eta', etaText, timezone)
  return {
    id: newUuid(),
    task,
    args,
    kwargs,
    queue,
    priority,
    eta,
    attempt: 1,
    ...(expires !== undefined && { expires: plus(eta, expires) }),
  }
}
