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
  /**
   * The calls that are the cause: they were not accepted, or not confirmed. A call that is neither here nor among the
   * accepted was not sent because of them.
   */
  readonly refused: readonly RefusedCall[]
  /** The runs of those that it did. */
  readonly accepted: readonly Run[]

  constructor(error: TaskbeatError, refused: readonly RefusedCall[], accepted: readonly Run[]) {
    const places = refused.slice(0, 5).map(({ index }) => index)
    const which = `${places.join(', ')}${refused.length > places.length ? ' …' : ''}`
    const others = accepted.length > 0 ? `${accepted.length} others were accepted` : 'nothing was accepted'
    super(error.code, `call ${which} of the batch: ${describeError(error)} (${others})`, { cause: error })
    this.name = 'BatchFailed'
    this.refused = refused
    this.accepted = accepted
  }
}

/** What is thrown for a batch of these runs. Where nothing says which are the cause, all are. */
export function asBatchFailure(error: unknown, runs: readonly Run[]): unknown {
  if (!(error instanceof TaskbeatError)) return error
  const publish = error instanceof PublishError ? error : undefined
  const failed = new Set(publish?.failed ?? runs.map(({ id }) => id))
  return new BatchFailed(
    error,
    runs.flatMap(({ id }, index) => (failed.has(id) ? [{ index, id }] : [])),
    publish?.othersAccepted ? runs.filter(({ id }) => !failed.has(id)) : [],
  )
}
