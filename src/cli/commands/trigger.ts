import { triggeredMessage } from '../../beat/occurrence-message.ts'
import { systemClock } from '../../core/clock.ts'
import { newUuid } from '../../core/uuid.ts'
import type { AddCommand } from '../command.ts'
import {
  type ConfigurationOption,
  configurationOption,
  readConfigurationOf,
} from '../configuration-option.ts'
import { findEntry } from '../known-name.ts'
import { notEmpty } from '../option-values.ts'
import { type SendOptions, sendMessage, waitOption, waitTimeoutOption } from '../send-message.ts'

/** `taskbeat trigger`: what an entry does, now. */
export const addTrigger: AddCommand = (program, { terminal, run }) => {
  program
    .command('trigger')
    .description('send the task of an entry now, with its arguments, queue and overlap; prints the id')
    .argument('<entry>', 'an entry; it may be disabled', notEmpty)
    .option(...configurationOption)
    .option(...waitOption)
    .addOption(waitTimeoutOption())
    .option('--json', 'for programs')
    .addHelpText('after', '\n  taskbeat trigger etc-backup\n  taskbeat trigger etc-backup --wait')
    .action(
      run(async (name: string, options: ConfigurationOption & SendOptions) => {
        const { settings } = await readConfigurationOf(terminal, options, 'client')
        const message = triggeredMessage(findEntry(settings, name), newUuid(), systemClock.now())
        return sendMessage(terminal, settings, message, options)
      }),
    )
}
