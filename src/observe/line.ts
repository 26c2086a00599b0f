import type { LogLevel } from '../config/settings.ts'

/** One line of the log: what people read, and the fields that programs search. */
export interface Line {
  readonly level: LogLevel
  /** Lower case, no full stop; it stands alone without the fields. */
  readonly message: string
  /**
   * Lines that help a person and no program, such as the place in a file:
   * shown below the message by the pretty format.
   */
  readonly detail?: readonly string[]
  readonly fields: Readonly<Record<string, unknown>>
  /** Of what a task itself says: whose it is, and the text without that name, which the message begins with. */
  readonly said?: { readonly by: string; readonly text: string }
}
