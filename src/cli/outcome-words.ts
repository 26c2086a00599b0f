import type { RunSummary } from '../journal/run.ts'
import type { Style } from './terminal.ts'

/** Where a run is, or how it ended; `missed` is what never became one. */
export type RunState = RunSummary['outcome'] | 'missed'

interface Words {
  /** For programs. */
  readonly json: string
  /** For people. */
  readonly text: string
  readonly style: Style
}

/** The one place in which states of runs get their names. */
export const outcomeWords: Readonly<Record<RunState, Words>> = {
  succeeded: { json: 'succeeded', text: 'succeeded', style: 'green' },
  failed: { json: 'failed', text: 'failed', style: 'red' },
  timedOut: { json: 'timed_out', text: 'timed out', style: 'red' },
  retryAsked: { json: 'retry_asked', text: 'asked to be tried again', style: 'yellow' },
  interrupted: { json: 'interrupted', text: 'interrupted', style: 'yellow' },
  skipped: { json: 'skipped', text: 'skipped', style: 'yellow' },
  expired: { json: 'expired', text: 'expired', style: 'yellow' },
  revoked: { json: 'revoked', text: 'revoked', style: 'yellow' },
  running: { json: 'running', text: 'running', style: 'cyan' },
  waiting: { json: 'waiting', text: 'waiting', style: 'cyan' },
  abandoned: { json: 'abandoned', text: 'abandoned', style: 'yellow' },
  missed: { json: 'missed', text: 'missed', style: 'magenta' },
}
