import type { Session } from './session.ts'
import type { Topology } from './topology.ts'

export interface Declared {
  /** What stands in the way and what to do about it, each a sentence fit for people; empty = everything is there. */
  readonly problems: readonly string[]
  /** Queues of others that nobody has declared yet: to be looked for again. */
  readonly missing: readonly string[]
}

/** Declares everything that is ours and looks for what is not. Rejects when the session is lost. */
export async function declareTopology(session: Session, topology: Topology): Promise<Declared> {
  throw new Error(`not yet: ${session.blocked} ${topology.foreign}`)
}
