import { type ErrorCode, TaskbeatError } from '../core/errors.ts'

/** Some messages were not accepted: which, and whether those beside them were. */
export class PublishError extends TaskbeatError {
  /** Their ids. */
  readonly failed: readonly string[]
  readonly othersAccepted: boolean

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly failed: readonly string[]
      readonly othersAccepted: boolean
      readonly cause?: unknown
    },
  ) {
    super(code, message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'PublishError'
    this.failed = options.failed
    this.othersAccepted = options.othersAccepted
  }
}
