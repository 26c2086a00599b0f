import { existsSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { type ErrorCode, TaskbeatError } from '../core/errors.ts'
import { identityOf, makeShared, unknownIdentity, whyNoFile, whyNotWritten } from './database-file.ts'

/** What a database file is for, and what its tables are. */
export interface Blueprint {
  /** In words, for messages: `the broker's database`. */
  readonly title: string
  /** Written into the file, so that a stranger's database is not taken for ours. */
  readonly applicationId: number
  /** Raised with every change of the tables. */
  readonly version: number
  readonly tables: string
  /** The code of errors that may pass: a full disk, a lock that is not released. */
  readonly failure: ErrorCode
}

export interface DatabaseOptions {
  /** FULL survives a power cut; NORMAL survives the death of the process. */
  readonly synchronous: 'FULL' | 'NORMAL'
  /** Make the file and its directory when they are missing. Without it, a missing file is an error. */
  readonly create: boolean
}

/** A check for a column of whole numbers: the others would be an error for everybody who reads the row. */
export function readable(column: string): string {
  return `CHECK (${column} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER})`
}

/** How long a lock held by another process blocks the event loop at most; after that we wait outside of SQLite. */
const busyTimeoutMs = 20
/**
 * After how many pages of the write-ahead log they are carried over into the file: 16 MB. Pages that are written again
 * and again are carried over once for all, and both files are synced four times less often than by SQLite's own choice
 * of 1,000.
 */
const pagesPerCheckpoint = 4_000
/** How long a transaction is tried while others hold the lock. */
const patienceMs = 10_000

/**
 * One SQLite file in WAL mode, shared with other processes. Calls into SQLite block, so transactions are short, and a
 * lock that another process holds is waited for outside of SQLite.
 *
 * SQLite goes on with a file that somebody has removed, and then each process may have one of its own, of which the
 * others see nothing. So it is looked whether it is still the one in its place.
 *
 * Files are made 0660 and directories 2770, so that the members of the directory's group can take part.
 */
export class Database implements Disposable {
  readonly path: string
  readonly #blueprint: Blueprint
  readonly #connection: DatabaseSync
  readonly #identity: string
  readonly #synchronous: DatabaseOptions['synchronous']
  #begin: StatementSync | undefined
  #undo: StatementSync | undefined
  #end: StatementSync | undefined

  constructor(path: string, blueprint: Blueprint, options: DatabaseOptions) {
    this.path = path
    this.#blueprint = blueprint
    this.#synchronous = options.synchronous
    if (options.create) makeShared(path)
    else if (!existsSync(path)) {
      throw new TaskbeatError(
        'STATE_UNUSABLE',
        `${blueprint.title} ${path} does not exist: has a beat or a worker run here?`,
      )
    }
    const problem = whyNoFile(path)
    if (problem !== undefined)
      throw new TaskbeatError('STATE_UNUSABLE', `cannot open: ${blueprint.title} ${path} ${problem}`)
    try {
      this.#connection = new DatabaseSync(path, { timeout: busyTimeoutMs })
    } catch (error) {
      throw this.explain('open', error)
    }
    this.#identity = identityOf(path)
    try {
      this.#prepareFile(options)
    } catch (error) {
      this.#connection.close()
      throw error instanceof TaskbeatError ? error : this.explain('open', error)
    }
  }

  /** A statement, prepared once by whoever keeps it. */
  prepare(sql: string): StatementSync {
    return this.#connection.prepare(sql)
  }

  /** Reads, with errors in our words. */
  read<T>(operation: string, run: () => T): T {
    this.#refuseWhenGone(operation)
    try {
      return run()
    } catch (error) {
      throw this.explain(operation, error)
    }
  }

  /**
   * Runs synchronous statements in one transaction and resolves once it is durable. When it rejects, nothing of it
   * has happened. `run` may be called again if the lock was taken, so it must have no other effects.
   */
  async write<T>(operation: string, run: () => T, options: { readonly synced?: boolean } = {}): Promise<T> {
    const giveUp = performance.now() + patienceMs
    for (;;) {
      this.#refuseWhenGone(operation)
      try {
        return options.synced ? this.#synced(() => this.writeNow(run)) : this.writeNow(run)
      } catch (error) {
        if (!isBusy(error) || performance.now() > giveUp) throw this.explain(operation, error)
        await delay(2 + Math.random() * 10)
      }
    }
  }

  /** The file is on disk when it returns, with all that was written before. */
  #synced<T>(run: () => T): T {
    this.#connection.exec('PRAGMA synchronous = FULL')
    try {
      return run()
    } finally {
      this.#connection.exec(`PRAGMA synchronous = ${this.#synchronous}`)
    }
  }

  /** One try of `write`, with SQLite's own errors: for start-up, where nothing else waits. */
  writeNow<T>(run: () => T): T {
    this.#connection.exec('BEGIN IMMEDIATE')
    try {
      const value = run()
      this.#connection.exec('COMMIT')
      return value
    } catch (error) {
      // A full disk or an I/O error may have rolled it back already.
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK')
      throw error
    }
  }

  /** Within a transaction: a part of it, of which nothing is written when it throws, and the rest of it is. */
  part(run: () => void): void {
    this.#begin ??= this.prepare('SAVEPOINT part')
    this.#undo ??= this.prepare('ROLLBACK TO part')
    this.#end ??= this.prepare('RELEASE part')
    this.#begin.run()
    try {
      run()
    } catch (error) {
      // A full disk or an I/O error may have rolled back everything.
      if (this.#connection.isTransaction) {
        this.#undo.run()
        this.#end.run()
      }
      throw error
    }
    this.#end.run()
  }

  /** The bytes in use, without the write-ahead log and without what was freed inside the file. */
  usedBytes(): number {
    const value = (name: string): number => Number(this.#pragma(name))
    return (value('page_count') - value('freelist_count')) * value('page_size')
  }

  close(): void {
    if (this.#connection.isOpen) this.#connection.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #prepareFile(options: DatabaseOptions): void {
    const { title, applicationId, version, tables } = this.#blueprint
    this.#patiently(() => this.#refuseStrangers())
    this.#patiently(() => this.#connection.exec('PRAGMA journal_mode = WAL'))
    this.#connection.exec(
      `PRAGMA synchronous = ${options.synchronous}; PRAGMA trusted_schema = OFF; PRAGMA wal_autocheckpoint = ${pagesPerCheckpoint}`,
    )
    const id = this.#pragma('application_id')
    const found = this.#pragma('user_version')
    if (id === applicationId && found === version) return
    if (id === applicationId) {
      throw new TaskbeatError(
        'STATE_UNUSABLE',
        `${title} ${this.path} has format ${found}, and this version of taskbeat reads format ${version}`,
      )
    }
    this.#patiently(() =>
      this.writeNow(() => {
        if (this.#pragma('application_id') === applicationId) return
        this.#connection.exec(tables)
        this.#connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`)
      }),
    )
  }

  #refuseWhenGone(operation: string): void {
    const present = identityOf(this.path)
    if (present === this.#identity || present === unknownIdentity) return
    throw new TaskbeatError(
      'STATE_UNUSABLE',
      `cannot ${operation}: ${this.#blueprint.title} ${this.path} was removed or replaced since it was opened: restart what uses it`,
    )
  }

  /** Before anything is changed in it. Ours has its tables and its id at once; so the tables are looked for first. */
  #refuseStrangers(): void {
    const { title, applicationId } = this.#blueprint
    const hasTables = this.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined
    const id = this.#pragma('application_id')
    if (id === applicationId || (id === 0 && !hasTables)) return
    throw new TaskbeatError('STATE_UNUSABLE', `${this.path} is not ${title}, but another program's database`)
  }

  #pragma(name: string): SQLInputValue {
    return Object.values(this.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0
  }

  /** At start several processes may want to make the same file; there is nothing else to do meanwhile. */
  #patiently(run: () => void): void {
    const giveUp = performance.now() + patienceMs
    for (;;) {
      try {
        run()
        return
      } catch (error) {
        if (!isBusy(error) || performance.now() > giveUp) throw error
      }
    }
  }

  /** An error of SQLite in our words; any other as it is. */
  explain(operation: string, error: unknown): unknown {
    const code = sqliteCode(error)
    if (code === undefined) return error
    const { title, failure } = this.#blueprint
    const cannot = `cannot ${operation}: ${title} ${this.path}`
    switch (code) {
      case sqlite.corrupt:
        return new TaskbeatError(
          'STATE_CORRUPT',
          `${cannot} is damaged. It was left as it is: move it away and start again, or restore a copy`,
          { cause: error },
        )
      case sqlite.notADatabase:
        return new TaskbeatError(
          'STATE_CORRUPT',
          `${cannot} is no database: it is another file, or was overwritten. It was left as it is: name another, move it away and start again, or restore a copy`,
          { cause: error },
        )
      case sqlite.full:
        return new TaskbeatError(failure, `${cannot} cannot grow: the disk is full`, { cause: error })
      case sqlite.readOnly:
        return new TaskbeatError(failure, `${cannot} cannot be written: ${whyNotWritten(this.path)}`, {
          cause: error,
        })
      case sqlite.cannotOpen:
      case sqlite.permission:
        return new TaskbeatError(
          'STATE_UNUSABLE',
          `${cannot} cannot be opened: ${whyNotWritten(this.path)}`,
          {
            cause: error,
          },
        )
      case sqlite.busy:
      case sqlite.locked:
        return new TaskbeatError(
          failure,
          `${cannot} has been locked by another process for ${patienceMs / 1_000} s`,
          {
            cause: error,
          },
        )
      default:
        return new TaskbeatError(
          failure,
          `${cannot}: ${error instanceof Error ? error.message : String(error)}`,
          {
            cause: error,
          },
        )
    }
  }
}

/** Primary result codes, https://sqlite.org/rescode.html */
const sqlite = {
  permission: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooLarge: 18,
  constraint: 19,
  mismatch: 20,
  notADatabase: 26,
} as const

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined
  return error.errcode & 0xff
}

/** Whether another connection holds the lock that this one wanted. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === sqlite.busy || code === sqlite.locked
}

/** Whether the file holds no database, or a damaged one. */
export function isNoDatabase(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === sqlite.notADatabase || code === sqlite.corrupt
}

/** Whether the database itself failed, and not what one statement wanted of it. */
export function isOfDatabase(error: unknown): boolean {
  const code = sqliteCode(error)
  return (
    code !== undefined && code !== sqlite.tooLarge && code !== sqlite.constraint && code !== sqlite.mismatch
  )
}
