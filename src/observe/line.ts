import type { LogLevel } from '../config/settings.ts'

/** One line of the log: what people read, and the fields that programs search. */
export interface Line {
  readonly level: LogLevel
  /** Lower case, no full stop; it stands alone without the fields. */
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}
