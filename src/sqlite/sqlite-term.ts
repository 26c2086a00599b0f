import type { AdoptedSchedule, Candidate, Emission, Predecessor, Term } from '../broker/term.ts'
import type { Clock } from '../core/clock.ts'
import type { Cursor } from '../core/cursor.ts'
import { TermLostError } from '../core/errors.ts'
import { milliseconds } from '../core/instant.ts'
import type { Stamp } from '../task/task-message.ts'
import type { Database } from './database.ts'
import { type GroupRow, type GroupTable, type Lease, toCursor, toPredecessor } from './group-table.ts'
import { isAlive } from './instance.ts'
import { type MessageRow, type MessageTable, toRow } from './message-table.ts'
import type { WakeFile } from './wake-file.ts'

/** What a term shares with the broker that it belongs to. */
export interface TermParts {
  readonly database: Database
  readonly groups: GroupTable
  readonly messages: MessageTable
  readonly clock: Clock
  readonly holder: string
  /** The groups that this holder leads at present: a row that names it may be left over from a term that was lost. */
  readonly leading: Set<string>
  /** Where the instances' lock files are. */
  readonly directory: string
  /** Rung when messages are there. */
  readonly work: WakeFile
  /** Rung when a term ends. */
  readonly succession: WakeFile
}

/** A leader that dies rings no bell, so a standby looks whether it lives. Far below the lookahead, nothing is late. */
const lookAgain = milliseconds(1_000)
/** Rows in one transaction, so that each blocks for a few milliseconds only. */
const mostRows = 500

/**
 * Leading by a row in the database: the group's holder is an instance, and it leads for as long as its process lives
 * (the kernel's word, see instance.ts). Messages and cursor are committed in one transaction that also checks the
 * lease: an occurrence enters the queue exactly once.
 */
export class SqliteTerm implements Term {
  readonly namespace: string
  readonly predecessor: Predecessor | undefined
  readonly lost: AbortSignal
  readonly #parts: TermParts
  readonly #group: string
  readonly #over = new AbortController()
  #epoch: number
  #seq = 0
  #cursor: Cursor | undefined

  constructor(parts: TermParts, row: GroupRow, predecessor: Predecessor | undefined) {
    this.#parts = parts
    this.#group = row.name
    this.#epoch = row.epoch
    this.#cursor = toCursor(row)
    this.namespace = row.namespace
    this.predecessor = predecessor
    this.lost = this.#over.signal
    parts.leading.add(row.name)
  }

  get epoch(): number {
    return this.#epoch
  }

  get cursor(): Cursor | undefined {
    return this.#cursor
  }

  get stamp(): Stamp {
    return { epoch: this.#epoch, seq: this.#seq + 1 }
  }

  async emit(emission: Emission): Promise<void> {
    const writes = this.#writesOf(emission)
    do {
      const part = writes.splice(0, mostRows)
      await this.#write('emit', () => {
        for (const write of part) write()
        const { groups } = this.#parts
        return writes.length > 0 ? groups.holds(this.#lease) : groups.commit(this.#lease, emission.cursor)
      })
    } while (writes.length > 0)
    this.#seq++
    this.#cursor = emission.cursor
    if (emission.messages.length + emission.replacements.length > 0) this.#parts.work.ring()
  }

  async restart(cursor: Cursor): Promise<void> {
    await this.#write('set the cursor', () => this.#parts.groups.restart(this.#lease, cursor))
    this.#epoch++
    this.#seq = 0
    this.#cursor = cursor
  }

  async adopt(schedule: AdoptedSchedule): Promise<void> {
    await this.#write('tell of another schedule', () => this.#parts.groups.adopt(this.#lease, schedule))
  }

  async resign(): Promise<void> {
    if (this.lost.aborted) return
    try {
      await this.#write('resign', () => this.#parts.groups.leave(this.#lease))
    } finally {
      this.#end()
    }
    this.#parts.succession.ring()
  }

  get #lease(): Lease {
    return { group: this.#group, epoch: this.#epoch, holder: this.#parts.holder }
  }

  /** Removals first: what was removed and is added again in one emission shall be there. */
  #writesOf({ messages, replacements, revocations }: Emission): (() => void)[] {
    const table = this.#parts.messages
    const each = (rows: readonly MessageRow[], write: (row: MessageRow) => void): (() => void)[] =>
      rows.map((row) => () => write(row))
    return [
      ...revocations.map(
        ({ id }) =>
          () =>
            table.revoke(id),
      ),
      ...each(replacements.map(toRow), (row) => table.replace(row)),
      ...each(messages.map(toRow), (row) => table.insert(row)),
    ]
  }

  /** In one transaction that holds only while the lease does. */
  async #write(operation: string, run: () => boolean): Promise<void> {
    if (this.lost.aborted)
      throw new TermLostError(`cannot ${operation}: the term ${this.#epoch} of ${this.#group} is over`)
    try {
      await this.#parts.database.write(operation, () => {
        if (!run()) throw new TermLostError(`cannot ${operation}: another beat leads ${this.#group} now`)
      })
    } catch (error) {
      if (error instanceof TermLostError) this.#end()
      throw error
    }
  }

  #end(): void {
    this.#parts.leading.delete(this.#group)
    this.#over.abort()
  }
}

/** Waits until the group has no living leader, and leads it. */
export async function leadGroup(parts: TermParts, candidate: Candidate, signal: AbortSignal): Promise<Term> {
  for (;;) {
    signal.throwIfAborted()
    const rung = new AbortController()
    using _watch = parts.succession.watch(
      () => rung.abort(),
      () => {},
    )
    const term = await tryToLead(parts, candidate)
    if (term) return term
    await parts.clock.sleep(lookAgain, AbortSignal.any([rung.signal, signal]))
  }
}

async function tryToLead(parts: TermParts, candidate: Candidate): Promise<Term | undefined> {
  const { database, groups, directory, holder, leading, clock } = parts
  const vacant = (row: GroupRow | undefined): boolean =>
    !row ||
    row.holder === null ||
    (row.holder === holder ? !leading.has(row.name) : !isAlive(directory, row.holder))
  if (!vacant(database.read('see who leads', () => groups.find(candidate.group)))) return undefined
  const taken = await database.write('lead', () => {
    const before = groups.ensure(candidate.group)
    return vacant(before) ? { before, row: groups.take(candidate, holder, clock.now()) } : undefined
  })
  if (!taken) return undefined
  return new SqliteTerm(parts, taken.row, toPredecessor(taken.before))
}
