import type { Instant } from '../core/instant.ts'
import type { Report } from './report.ts'

/**
 * Who reads the file. A variable that is not set is a problem for the process that needs it, and something to warn
 * of for `check`; `schedules` is required of those who emit.
 */
export type Role = 'beat' | 'worker' | 'dev' | 'check' | 'client'

/** Patterns of `worker.modules` that no file matches: wrong for whoever means to load them, else to be warned of. */
export interface AbsentModules {
  readonly patterns: readonly string[]
  readonly severity: 'problem' | 'warning'
}

/** What a value's reader may need to know beside the value. */
export interface Reading {
  readonly report: Report
  readonly role: Role
  readonly env: Readonly<Record<string, string | undefined>>
  readonly hostname: string
  /** Where the state is kept when the file does not say, if the caller has a place for it. */
  readonly stateDir: string | undefined
  /** The tasks of the modules, where somebody has looked. */
  readonly moduleTasks?: readonly string[] | undefined
  /** What there is none of, where somebody has looked. */
  readonly absentModules?: AbsentModules | undefined
  /** Some of the included files could not be read: what is missing may stand there. */
  readonly isPartial?: boolean
  /** What `local` means. */
  readonly machineZone: string
  readonly now: Instant
}
