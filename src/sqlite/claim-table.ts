import type { StatementSync } from 'node:sqlite'
import type { Veto } from '../broker/delivery.ts'
import type { Instant } from '../core/instant.ts'
import type { Database } from './database.ts'
import { decodeMessage } from './message-body.ts'
import { WaitingLine } from './waiting-line.ts'

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
  /** Its sender wants it no more. */
  readonly cancelled: number
  /** Its sender is told what it prints. */
  readonly followed: number
  readonly entry: string | null
  readonly overlap: string | null
  readonly body: string
}

export interface ClaimedMessage {
  readonly row: ClaimedRow
  /** Why it must not execute; undefined = it may. */
  readonly veto: Veto | undefined
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
  `, ${table}.begun = 1 AS begun, ${table}.cancelled = 1 AS cancelled, ${table}.followed = 1 AS followed, max(${table}.eta, 0) AS eta, iif(${table}.attempt BETWEEN 1 AND 1000000, ${table}.attempt, 0) AS attempt`

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
  readonly #cancelled: StatementSync
  readonly #executing: StatementSync
  readonly #overlapping: StatementSync
  readonly #line: WaitingLine
  readonly #claim: StatementSync
  readonly #stand: StatementSync
  readonly #held: StatementSync
  readonly #lives: (holder: string) => boolean

  /** `lives` says whether the process of a holder still runs. */
  constructor(database: Database, lives: (holder: string) => boolean) {
    this.#lives = lives
    this.#due = database.prepare(`
      SELECT ${rowOf('m')} FROM messages AS m
      WHERE state = 0 AND queue = ? AND priority = ? AND eta <= ?
      ORDER BY m.eta, m.seq LIMIT ?`)
    this.#anyDue = database.prepare(
      'SELECT 1 FROM messages WHERE state = 0 AND queue = ? AND priority = ? AND eta <= ? LIMIT 1',
    )
    this.#nextEta = database.prepare(
      `SELECT eta FROM messages WHERE state = 0 AND queue = ? AND priority = ? AND eta > ?
      AND eta <= ${Number.MAX_SAFE_INTEGER} ORDER BY eta LIMIT 1`,
    )
    this.#cancelled = database.prepare(`
      SELECT ${rowOf('m')} FROM messages AS m INDEXED BY messages_cancelled
      WHERE cancelled = 1 AND state = 0 AND queue IN (SELECT value FROM json_each(?)) LIMIT ?`)
    this.#executing = database.prepare(
      'SELECT id, holder FROM messages WHERE state = 1 AND entry = ? LIMIT 1',
    )
    this.#overlapping = database.prepare(`
      SELECT ${rowOf('w')},
      e.id AS running, e.holder AS running_holder
      FROM messages AS e INDEXED BY messages_executing
      CROSS JOIN messages AS w INDEXED BY messages_of_entry ON w.entry = e.entry
      WHERE e.state = 1 AND e.entry IS NOT NULL AND w.state = 0 AND w.entry IS NOT NULL
      AND w.overlap IN ('skip', 'queue') AND w.eta <= ? AND w.queue IN (SELECT value FROM json_each(?)) LIMIT ?`)
    this.#line = new WaitingLine(database)
    this.#held = database.prepare(
      'SELECT count(*) AS count FROM messages INDEXED BY messages_held WHERE holder = ? AND state = 1',
    )
    this.#claim = database.prepare('UPDATE messages SET state = ?, holder = ? WHERE seq = ?')
    this.#stand = database.prepare('UPDATE messages SET begun = 1 WHERE id = ? AND state = 1 AND begun = 0')
  }

  /**
   * Within a transaction: hands out what may be handed out now. What the holder executes is read from the table, so
   * that it counts whichever consumer took it, and frees its slot in the transaction that settles it.
   */
  claim(request: ClaimRequest): Claimed {
    const turn: Turn = { request, claimed: new Map(), looked: 0 }
    this.#dropCancelled(turn)
    this.#settleOverlapping(turn)
    let free = request.slots - Number(this.#held.get(request.holder)?.count)
    let found = true
    while (found && free > 0 && turn.looked < mostPerClaim) {
      const granted = this.#claimRound(turn, Math.min(free, mostPerClaim))
      found = granted !== undefined
      free -= granted ?? 0
    }
    return { messages: [...turn.claimed.values()], more: turn.looked >= mostPerClaim }
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
  #claimRound(turn: Turn, free: number): number | undefined {
    const { request } = turn
    let granted = 0
    let found = false
    for (const row of this.#head(request, free)) {
      const running = this.#runOfEntry(row)
      if (row.cancelled === 1) this.#hand(row, { executes: false, veto: cancelled }, turn)
      else if (isTooLate(row, request.now)) this.#hand(row, { executes: false }, turn)
      else if (running === undefined) {
        this.#hand(row, { executes: true }, turn)
        granted++
      } else if (!this.#giveWay(row, running, turn)) continue
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

  /** Also when no slot is free. */
  #dropCancelled(turn: Turn): void {
    const rows = this.#cancelled.all(JSON.stringify(turn.request.queues), mostPerClaim)
    for (const row of rows as unknown as ClaimedRow[])
      this.#hand(row, { executes: false, veto: cancelled }, turn)
  }

  /** All that is due and overlaps, also when no slot is free. */
  #settleOverlapping(turn: Turn): void {
    const { now, queues } = turn.request
    const rows = this.#overlapping.all(now, JSON.stringify(queues), mostPerClaim)
    for (const row of rows as unknown as (ClaimedRow & { running: string; running_holder: string })[])
      if (!turn.claimed.has(row.seq))
        this.#giveWay(row, { id: row.running, holder: row.running_holder }, turn)
  }

  /** What overlaps is skipped, or waits behind the run. False: it stays where it is. */
  #giveWay(row: ClaimedRow, running: RunningRow, turn: Turn): boolean {
    if (row.overlap === 'queue') {
      const veto = this.#line.join({ seq: row.seq, entry: row.entry ?? '' })
      if (veto === undefined) turn.looked++
      else this.#hand(row, { executes: false, veto: { kind: 'skipped', reason: veto } }, turn)
      return true
    }
    // What a dead worker held is free again soon, and whether it still stands in the way is seen then.
    if (!this.#lives(running.holder)) return false
    const reason = `run ${running.id} of ${row.entry} still executes`
    this.#stand.run(running.id)
    this.#hand(row, { executes: false, veto: { kind: 'skipped', reason } }, turn)
    return true
  }

  #runOfEntry(row: ClaimedRow): RunningRow | undefined {
    if (row.entry === null || row.overlap === 'allow') return undefined
    return this.#executing.get(row.entry) as RunningRow | undefined
  }

  #hand(row: ClaimedRow, { executes, veto }: Admission, turn: Turn): void {
    this.#claim.run(executes ? 1 : 2, turn.request.holder, row.seq)
    turn.claimed.set(row.seq, { row, veto, executes })
    turn.looked++
  }
}

/** One claim under way. */
interface Turn {
  readonly request: ClaimRequest
  readonly claimed: Map<number, ClaimedMessage>
  /** Rows that were handed out or put behind a run. */
  looked: number
}

/** As what a message is handed out. */
interface Admission {
  readonly executes: boolean
  readonly veto?: Veto
}

const cancelled: Veto = { kind: 'revoked', reason: 'it was cancelled before it had started' }

interface RunningRow {
  readonly id: string
  readonly holder: string
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
