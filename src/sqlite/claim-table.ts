import type { StatementSync } from 'node:sqlite'
import type { Instant } from '../core/instant.ts'
import type { Database } from './database.ts'
import { decodeMessage } from './message-body.ts'

/** A row as a claim sees it. */
export interface ClaimedRow {
  readonly seq: number
  readonly id: string
  readonly queue: string
  readonly priority: number
  readonly eta: number
  /** 0 when what is there is no attempt. */
  readonly attempt: number
  /** This attempt was interrupted: its successor's due does not bound it any more. */
  readonly begun: number
  readonly entry: string | null
  readonly overlap: string | null
  readonly body: string
}

export interface ClaimedMessage {
  readonly row: ClaimedRow
  /** Why it must not execute; undefined = it may. */
  readonly veto: string | undefined
  /** It takes a slot, and stands for its entry. Not so what comes too late to start: it ends at once. */
  readonly executes: boolean
}

export interface ClaimRequest {
  readonly queues: readonly string[]
  readonly holder: string
  readonly now: Instant
  /** How many the holder may execute at once, those counted that it executes already. */
  readonly slots: number
}

export interface Claimed {
  readonly messages: readonly ClaimedMessage[]
  /** There may be more to hand out at once: a claim is bounded. */
  readonly more: boolean
}

/** Taken with suspicion: a number that JavaScript cannot hold would be an error for the whole claim. */
const rowOf = (table: string): string =>
  ['seq', 'id', 'queue', 'priority', 'entry', 'overlap', 'body']
    .map((name) => `${table}.${name}`)
    .join(', ') +
  `, ${table}.begun = 1 AS begun, max(${table}.eta, 0) AS eta, iif(${table}.attempt BETWEEN 1 AND 1000000, ${table}.attempt, 0) AS attempt`

/** How many are looked at in one transaction, which keeps it to a few milliseconds. */
const mostPerClaim = 200
const priorities = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]

/**
 * Who gets which message: the one decision in which ETA, priority, free slots and the overlap of runs meet, made in
 * one transaction, so that it is exact across all workers.
 */
export class ClaimTable {
  readonly #due: StatementSync
  readonly #anyDue: StatementSync
  readonly #nextEta: StatementSync
  readonly #executing: StatementSync
  readonly #toSkip: StatementSync
  readonly #queuedEntries: StatementSync
  readonly #beyond: StatementSync
  readonly #claim: StatementSync
  readonly #held: StatementSync
  readonly #lives: (holder: string) => boolean

  /** `lives` says whether the process of a holder still runs. */
  constructor(database: Database, lives: (holder: string) => boolean) {
    this.#lives = lives
    this.#due = database.prepare(`
      SELECT ${rowOf('m')} FROM messages AS m
      WHERE state = 0 AND queue = ? AND priority = ? AND eta <= ?
      AND (overlap IS NOT 'queue' OR NOT EXISTS (SELECT 1 FROM messages WHERE state = 1 AND entry = m.entry))
      ORDER BY m.eta, m.seq LIMIT ?`)
    this.#anyDue = database.prepare(
      'SELECT 1 FROM messages WHERE state = 0 AND queue = ? AND priority = ? AND eta <= ? LIMIT 1',
    )
    this.#nextEta = database.prepare(
      `SELECT eta FROM messages WHERE state = 0 AND queue = ? AND priority = ? AND eta > ?
      AND eta <= ${Number.MAX_SAFE_INTEGER} ORDER BY eta LIMIT 1`,
    )
    this.#executing = database.prepare(
      'SELECT id, holder FROM messages WHERE state = 1 AND entry = ? LIMIT 1',
    )
    this.#toSkip = database.prepare(`
      SELECT ${rowOf('w')},
      e.id AS running, e.holder AS running_holder
      FROM messages AS e INDEXED BY messages_executing
      CROSS JOIN messages AS w INDEXED BY messages_of_entry ON w.entry = e.entry
      WHERE e.state = 1 AND e.entry IS NOT NULL AND w.state = 0 AND w.entry IS NOT NULL
      AND w.overlap = 'skip' AND w.eta <= ? AND w.queue IN (SELECT value FROM json_each(?)) LIMIT ?`)
    this.#queuedEntries = database.prepare(`
      SELECT DISTINCT entry, wait_limit FROM messages INDEXED BY messages_executing
      WHERE state = 1 AND entry IS NOT NULL AND overlap = 'queue'`)
    this.#beyond = database.prepare(`
      SELECT ${rowOf('messages')} FROM messages
      WHERE state = 0 AND entry = ? AND eta <= ? AND queue IN (SELECT value FROM json_each(?))
      ORDER BY due LIMIT ? OFFSET ?`)
    this.#held = database.prepare(
      'SELECT count(*) AS count FROM messages INDEXED BY messages_held WHERE holder = ? AND state <> 0 AND state = 1',
    )
    this.#claim = database.prepare('UPDATE messages SET state = ?, holder = ? WHERE seq = ?')
  }

  /**
   * Within a transaction: hands out what may be handed out now. What the holder executes is read from the table, so
   * that it counts whichever consumer took it, and frees its slot in the transaction that settles it.
   */
  claim(request: ClaimRequest): Claimed {
    const claimed = new Map<number, ClaimedMessage>()
    this.#vetoOverlapping(request, claimed)
    this.#vetoOverflowing(request, claimed)
    let free = request.slots - Number(this.#held.get(request.holder)?.count)
    let found = true
    while (found && free > 0 && claimed.size < mostPerClaim) {
      const granted = this.#claimRound(request, Math.min(free, mostPerClaim), claimed)
      found = granted !== undefined
      free -= granted ?? 0
    }
    return { messages: [...claimed.values()], more: claimed.size >= mostPerClaim }
  }

  /** The first ETA after `after` in these queues; undefined = nothing is scheduled. */
  nextEta(queues: readonly string[], after: Instant): Instant | undefined {
    let earliest = Number.POSITIVE_INFINITY
    for (const queue of queues) {
      for (const priority of priorities) {
        const row = this.#nextEta.get(queue, priority, after)
        if (row) earliest = Math.min(earliest, Number(row.eta))
      }
    }
    return Number.isFinite(earliest) ? (earliest as Instant) : undefined
  }

  /** Whether a claim could find anything at all. */
  hasDue(queues: readonly string[], now: Instant): boolean {
    return queues.some((queue) =>
      priorities.some((priority) => this.#anyDue.get(queue, priority, now) !== undefined),
    )
  }

  /** One look at the head of the queues. Undefined when nothing was found; otherwise how many slots were used. */
  #claimRound(request: ClaimRequest, free: number, claimed: Map<number, ClaimedMessage>): number | undefined {
    let granted = 0
    let found = false
    for (const row of this.#head(request, free)) {
      if (isTooLate(row, request.now)) {
        this.#hand(row, { executes: false }, request, claimed)
        found = true
        continue
      }
      const running = this.#runOfEntry(row)
      if (running === undefined) granted++
      // What a dead worker held is free again soon, and whether it still stands in the way is seen then.
      else if (row.overlap === 'queue' || !this.#lives(running.holder)) continue
      this.#hand(row, running ? vetoFor(row, running.id) : { executes: true }, request, claimed)
      found = true
    }
    return found ? granted : undefined
  }

  /** The rows that come next over all queues: by priority, then by ETA, then in the order of their coming. */
  #head({ queues, now }: ClaimRequest, limit: number): ClaimedRow[] {
    const rows: ClaimedRow[] = []
    for (const priority of priorities) {
      const ofPriority = queues.flatMap(
        (queue) => this.#due.all(queue, priority, now, limit) as unknown as ClaimedRow[],
      )
      if (queues.length > 1) ofPriority.sort((a, b) => a.eta - b.eta || a.seq - b.seq)
      rows.push(...ofPriority)
      if (rows.length >= limit) break
    }
    return rows.slice(0, limit)
  }

  #vetoOverlapping(request: ClaimRequest, claimed: Map<number, ClaimedMessage>): void {
    const { now, queues } = request
    const rows = this.#toSkip.all(now, JSON.stringify(queues), mostPerClaim)
    for (const row of rows as unknown as (ClaimedRow & { running: string; running_holder: string })[]) {
      if (claimed.has(row.seq) || !this.#lives(row.running_holder)) continue
      this.#hand(row, vetoFor(row, row.running), request, claimed)
    }
  }

  #vetoOverflowing(request: ClaimRequest, claimed: Map<number, ClaimedMessage>): void {
    const { now, queues } = request
    for (const { entry, wait_limit: limit } of this.#queuedEntries.all()) {
      const rows = this.#beyond.all(entry ?? '', now, JSON.stringify(queues), mostPerClaim, limit ?? 0)
      for (const row of rows as unknown as ClaimedRow[]) {
        const veto = `${limit} runs of ${entry} already wait`
        this.#hand(row, { executes: false, veto }, request, claimed)
      }
    }
  }

  #runOfEntry(row: ClaimedRow): { readonly id: string; readonly holder: string } | undefined {
    if (row.entry === null || row.overlap === 'allow') return undefined
    return this.#executing.get(row.entry) as { id: string; holder: string } | undefined
  }

  #hand(
    row: ClaimedRow,
    { executes, veto }: Admission,
    { holder }: ClaimRequest,
    claimed: Map<number, ClaimedMessage>,
  ): void {
    this.#claim.run(executes ? 1 : 2, holder, row.seq)
    claimed.set(row.seq, { row, veto, executes })
  }
}

/** As what a message is handed out. */
interface Admission {
  readonly executes: boolean
  readonly veto?: string
}

function vetoFor(row: ClaimedRow, running: string): Admission {
  return { executes: false, veto: `run ${running} of ${row.entry} still executes` }
}

/**
 * Whether it will end as expired. If it were taken for one that executes, its successor would be skipped because of
 * it, and neither would run.
 */
function isTooLate({ entry, attempt, begun, body }: ClaimedRow, now: Instant): boolean {
  if (entry === null) return false
  const message = decodeMessage(body)
  if ('problem' in message) return false
  const startBy = attempt === 1 && begun === 0 ? message.occurrence?.startBy : undefined
  return now >= Math.min(message.expires ?? Number.POSITIVE_INFINITY, startBy ?? Number.POSITIVE_INFINITY)
}
