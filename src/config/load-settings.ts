import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { type Instant, instant } from '../core/instant.ts'
import { loadInThread } from './load-in-thread.ts'
import { type ParseBytes, parseBytes } from './parse-settings.ts'
import type { Problem } from './problem.ts'
import { readConfigFile } from './read-file.ts'
import type { Lines, Parts } from './read-settings.ts'
import type { Role } from './reading.ts'
import type { Settings } from './settings.ts'

/** What a file gave: settings and what is suspicious in them, or everything that is wrong. Plain data. */
export type Loaded =
  | { readonly settings: Settings; readonly lines: Lines; readonly warnings: readonly Problem[] }
  | { readonly problems: readonly Problem[] }

export interface LoadOptions {
  readonly role: Role
  readonly env: Readonly<Record<string, string | undefined>>
  /** Default everything. What a process has no use for need not be kept: a beat runs no tasks, a worker emits no entries. */
  readonly parts?: Parts
  /** Where a relative `file` starts; default the process's directory. */
  readonly cwd?: string
  /** Default this machine's. */
  readonly hostname?: string
  /** Default this machine's. */
  readonly machineZone?: string
  /** What the warnings about times to come start from. */
  readonly now?: Instant
}

/** From here on a file is read in a thread. */
const threadFromBytes = 262_144

/** Reads and validates a configuration file; rejects for nothing that a file can do. */
export async function loadSettings(file: string, options: LoadOptions): Promise<Loaded> {
  const absolute = resolve(options.cwd ?? '.', file)
  const content = await readConfigFile(absolute)
  if ('problem' in content) return { problems: [{ file, path: '', message: content.problem }] }
  const parse: ParseBytes = {
    file,
    absolute,
    bytes: content.bytes,
    mode: content.mode,
    role: options.role,
    env: { ...options.env },
    parts: options.parts ?? { schedules: true, tasks: true },
    hostname: options.hostname ?? hostname(),
    directory: dirname(absolute),
    machineZone: options.machineZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    now: options.now ?? instant(Date.now()),
  }
  return content.bytes.length < threadFromBytes ? parseBytes(parse) : loadInThread(parse)
}
