import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'

/** Adds one command to the program. Its action sets `process.exitCode` only by way of `run`. */
export type AddCommand = (program: Command, context: CommandContext) => void

export interface CommandContext {
  readonly terminal: Terminal
  /**
   * Wraps an action: its number becomes the exit code (nothing means 0), and an error becomes a message and the exit
   * code that belongs to it.
   */
  run<Args extends unknown[]>(
    action: (...args: Args) => Promise<number> | Promise<void>,
  ): (...args: Args) => Promise<void>
}
