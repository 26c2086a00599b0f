import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Journal } from '../../src/journal/journal.ts'
import { openSqliteJournal } from '../../src/sqlite/sqlite-journal.ts'
import { startTaskbeat, type TaskbeatProcess } from './taskbeat-process.ts'

/** What a task has written down: a line of the file `notes`. */
export interface Note {
  readonly word: string
  readonly entry: string
  readonly due: number
  readonly id: string
  readonly attempt: number
  readonly at: number
}

const noteScript = `#!/bin/sh
echo "$1 $TASKBEAT_ENTRY $TASKBEAT_DUE $TASKBEAT_ID $TASKBEAT_ATTEMPT $(date +%s%3N)" >> "${'$'}{0%/*}/notes"
`

/**
 * A directory with a configuration, and the taskbeat processes that run by it. Disposing ends them and removes it.
 *
 * Tasks call \`./note WORD\`, which appends one line to \`notes\`: the trace of what really ran, independent of what
 * the program says of itself.
 */
export class World implements AsyncDisposable {
  readonly directory: string
  readonly stateDir: string
  /** What its processes find in their environment beside what they need. */
  env: NodeJS.ProcessEnv = {}
  readonly #processes: TaskbeatProcess[] = []
  readonly #teardown = new AsyncDisposableStack()

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'taskbeat-world-'))
    this.stateDir = join(this.directory, 'state')
    mkdirSync(join(this.directory, 'tmp'))
    this.write('note', noteScript, 0o755)
    this.write('notes', '')
  }

  /** Writes a file of this world. */
  write(name: string, text: string, mode = 0o644): string {
    const path = join(this.directory, name)
    writeFileSync(path, text, { mode })
    return path
  }

  /** Writes the configuration: the state directory, and a log that tells everything. */
  configure(yaml: string): void {
    this.write('schedules.yaml', `state_dir: ./state\nlog: { level: debug, format: json }\n${yaml}`)
  }

  beat(): TaskbeatProcess {
    return this.start('beat', '--config', 'schedules.yaml')
  }

  worker(...args: readonly string[]): TaskbeatProcess {
    return this.start('worker', '--config', 'schedules.yaml', ...args)
  }

  start(...args: readonly string[]): TaskbeatProcess {
    const { PATH, HOME } = process.env
    const env = { PATH, HOME, TMPDIR: join(this.directory, 'tmp'), ...this.env }
    const started = startTaskbeat({ args, cwd: this.directory, env })
    this.#processes.push(started)
    return started
  }

  /** Disposed with the world, before its processes are ended. */
  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    return this.#teardown.use(resource)
  }

  /** What ran, as tasks wrote it down themselves. */
  notes(word?: string): readonly Note[] {
    const notes = readFileSync(join(this.directory, 'notes'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(parseNote)
    return word === undefined ? notes : notes.filter((note) => note.word === word)
  }

  /** Reads the journal as the program's own commands do. */
  journal<T>(read: (journal: Journal) => T): T {
    const path = join(this.stateDir, 'journal.db')
    const journal = openSqliteJournal({ path, create: false, host: 'test', pid: process.pid })
    try {
      return read(journal)
    } finally {
      void journal.close()
    }
  }

  /** Asks the journal or the broker's database itself. */
  query<Row>(
    database: 'journal' | 'broker',
    sql: string,
    ...values: readonly SQLInputValue[]
  ): readonly Row[] {
    const connection = new DatabaseSync(join(this.stateDir, `${database}.db`), { timeout: 5_000 })
    try {
      return connection.prepare(sql).all(...values) as Row[]
    } finally {
      connection.close()
    }
  }

  /** Processes that a worker of this world started for a run, whether or not it still knows them. */
  processesOfRuns(): readonly number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && this.#isOfRun(pid))
  }

  #isOfRun(pid: number): boolean {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
      const ours = environment.includes(`TMPDIR=${join(this.directory, 'tmp')}`)
      return ours && environment.some((variable) => variable.startsWith('TASKBEAT_ID='))
    } catch {
      return false // it has just ended
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#teardown.disposeAsync()
    await Promise.all(this.#processes.map((each) => each.kill()))
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

function parseNote(line: string): Note {
  const [word = '', entry = '', due = '', id = '', attempt = '', at = ''] = line.split(' ')
  return { word, entry, due: Date.parse(due), id, attempt: Number(attempt), at: Number(at) }
}
