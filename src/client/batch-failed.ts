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
    const message = `${describeRefusal(refused, accepted.length)}: ${describeError(error)}`
    super(error.code, message, { cause: error })
    this.name = 'BatchFailed'
    this.refused = refused
    this.accepted = accepted
  }
}

const mostNamed = 5

function describeRefusal(refused: readonly RefusedCall[], accepted: number): string {
  const places = refused.slice(0, mostNamed).map(({ index }) => index)
  const more = refused.length > places.length ? ` and ${refused.length - places.length} more` : ''
  const which = `index ${places.join(', ')}${more}`
  return accepted === 0
    ? `nothing of the batch was accepted, because of the call at ${which}`
    : `of the batch everything but the call at ${which} was accepted`
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
