import { systemClock } from '../../core/clock.ts'
import { newUuid } from '../../core/uuid.ts'
import type { EntrySpec } from '../../schedule/entry-spec.ts'
import type { TaskMessage } from '../../task/task-message.ts'
import type { AddCommand } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import { findEntry } from '../known-name.ts'
import { type SendOptions, sendMessage, waitOption } from '../send-message.ts'

/** `taskbeat trigger`: what an entry does, now. */
export const addTrigger: AddCommand = (program, { terminal, run }) => {
  program
    .command('trigger')
    .description('send the task of an entry now, with its arguments, queue and overlap; prints the id')
    .argument('<entry>', 'an entry; it may be disabled')
    .option(...configurationOption)
    .option(...waitOption)
    .option('--json', 'for programs')
    .addHelpText('after', '\n  taskbeat trigger etc-backup\n  taskbeat trigger etc-backup --wait')
    .action(
      run(async (name: string, options: ConfigurationOption & SendOptions) => {
        const { settings } = await readConfigurationOf(terminal, options, 'client')
        return sendMessage(terminal, settings, triggered(findEntry(settings, name)), options)
      }),
    )
}

/** As many runs may wait for the one that executes as of the entry's own occurrences. */
const waitLimit = 10

/** An occurrence beside those of the schedule: with an id of its own, due now, and never replaced by another. */
function triggered({ name, task, args, kwargs, queue, priority, overlap }: EntrySpec): TaskMessage {
  const now = systemClock.now()
  return {
    id: newUuid(),
    task,
    args,
    kwargs,
    queue,
    priority,
    eta: now,
    attempt: 1,
    occurrence: {
      entry: name,
      due: now,
      stamp: { epoch: 0, seq: 0 },
      overlap,
      waitLimit,
      replaceable: false,
    },
  }
}
