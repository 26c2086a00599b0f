import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { type Instant, instant } from '../core/instant.ts'
import { loadInThread } from './load-in-thread.ts'
import { type ParseBytes, parseBytes } from './parse-settings.ts'
import type { Problem } from './problem.ts'
import { readConfigFile } from './read-file.ts'
import type { Parts } from './read-settings.ts'
import type { AbsentModules, Role } from './reading.ts'
import type { Settings } from './settings.ts'

/** What a file gave: settings and what is suspicious in them, or everything that is wrong. Plain data. */
export type Loaded =
  | { readonly settings: Settings; readonly warnings: readonly Problem[] }
  | { readonly problems: readonly Problem[] }

export interface LoadOptions {
  readonly role: Role
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Default everything. What a process has no use for need not be kept: a beat
   * runs no tasks, a worker emits no entries.
   */
  readonly parts?: Parts
  /** Where a relative `file` starts; default the process's directory. */
  readonly cwd?: string
  /** Where the state is kept when the file does not say. Default: see state-dir.ts. */
  readonly stateDir?: string
  /** The tasks that the file's modules export, if somebody has looked. */
  readonly moduleTasks?: readonly string[]
  /** The patterns of the file's modules that match nothing, if somebody has looked. */
  readonly absentModules?: AbsentModules
  /** Default this machine's. */
  readonly hostname?: string
  /** Default this machine's. */
  readonly machineZone?: string
  /** What the warnings about times to come start from. */
  readonly now?: Instant
}

/** From here on a file is read in a thread. */
const threadFromBytes = 262_144

/**
 * This folder turns schedules.yaml into settings that need no further check, or into every problem that it has, each
 * at its place.
 *
 *     path ── read-file ──▶ bytes ── decode-text ──▶ text ── yaml-document ──▶ nodes with offsets
 *                             │                              (yaml-chunks: a large file, piece by piece;
 *                             │                               yaml-plain: a plain piece, without the parser)
 *                  large: in a thread       included-files: more texts,    │
 *                  (load-in-thread)         merge-files: one map           │
 *                                                      sections of keys (file-, entry-, task-keys), kinds of values
 *                                                                          │
 *     Settings, or Problems ◀── report ◀── read-settings ── read-task, read-entry ── warnings
 *
 * Every key is declared once, with its kind, its sentence and its default; validation, hints and references follow
 * from that. The invariant: whatever a file holds, whoever wrote it, the answer is a value. A file is never partly in
 * force: one problem anywhere and there are no settings. Nothing is imported or run, and no network is touched.
 *
 * It rejects for nothing that a file can do.
 */
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
    stateDir: options.stateDir,
    moduleTasks: options.moduleTasks,
    absentModules: options.absentModules,
    hostname: options.hostname ?? hostname(),
    machineZone: options.machineZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    now: options.now ?? instant(Date.now()),
  }
  const isSmall = content.bytes.length < threadFromBytes && !mayInclude(content.bytes)
  return isSmall ? parseBytes(parse) : loadInThread(parse)
}

/** Others may be large. */
function mayInclude(bytes: Uint8Array<ArrayBuffer>): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('include')
}
