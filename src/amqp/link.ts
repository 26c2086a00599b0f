import type { Session } from './session.ts'

/** Keeps a session: as soon as one is lost, the next is opened, at one of the addresses, after a back-off. */
export interface Link {
  readonly name: string
  /**
   * The present session, or the next one: resolves once there is one that is set up. Rejects with BROKER_UNAVAILABLE
   * when the signal is aborted or the link is closed; the message says what stands in the way.
   */
  session(signal: AbortSignal): Promise<Session>
  /** The present session if there is one. */
  readonly current: Session | undefined
  /** Ends the session in order, and opens no other. Harmless twice. */
  close(): Promise<void>
}
