import { PublishError } from '../broker/publish-error.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'
import type { Run } from '../task/run.ts'

/** A call of a batch, by its place in it. */
export interface RefusedCall {
  readonly index: number
  /** The id that its run would have had; sent again with it, it cannot run twice. */
  readonly id: string
}

/** Not all calls of a batch were accepted. Its code and message are those of the first refusal. */
export class BatchFailed extends TaskbeatError {
  /** The calls that the broker did not accept, or did not confirm. */
  readonly refused: readonly RefusedCall[]
  /** The runs of those that it did. */
  readonly accepted: readonly Run[]

  constructor(error: TaskbeatError, refused: readonly RefusedCall[], accepted: readonly Run[]) {
    const which = refused.length === 1 ? `call ${refused[0]?.index}` : `${refused.length} calls`
    super(
      error.code,
      `${which} of ${refused.length + accepted.length} not accepted: ${describeError(error)}`,
      {
        cause: error,
      },
    )
    this.name = 'BatchFailed'
    this.refused = refused
    this.accepted = accepted
  }
}

/** What is thrown for a batch of these runs. Where nothing says which were accepted, none were. */
export function asBatchFailure(error: unknown, runs: readonly Run[]): unknown {
  if (!(error instanceof TaskbeatError)) return error
  const failed =
    error instanceof PublishError && error.othersAccepted
      ? new Set(error.failed)
      : new Set(runs.map(({ id }) => id))
  return new BatchFailed(
    error,
    runs.flatMap(({ id }, index) => (failed.has(id) ? [{ index, id }] : [])),
    runs.filter(({ id }) => !failed.has(id)),
  )
}
