import type { BrokerEvent } from '../broker/broker-event.ts'
import type {
  AdoptedSchedule,
  Candidate,
  Emission,
  LeaderStatus,
  Predecessor,
  Revocation,
  Term,
} from '../broker/term.ts'
import type { Cursor } from '../core/cursor.ts'
import { TaskbeatError, TermLostError } from '../core/errors.ts'
import { type Milliseconds, milliseconds } from '../core/instant.ts'
import type { Stamp } from '../task/task-message.ts'
import { type EmissionParts, encode, publishOccurrences } from './amqp-term-emission.ts'
import { Parking } from './amqp-term-parking.ts'
import { RevocationTeller } from './amqp-term-revocations.ts'
import { type Baton, followedBy, type Holder } from './baton.ts'
import type { BatonLease } from './baton-lease.ts'
import type { RevocationNotice } from './revocations.ts'
import type { Channel, Session } from './session.ts'

export interface TermParts extends Omit<EmissionParts, 'permit' | 'parking'> {
  readonly group: string
  readonly lease: BatonLease
  /** That of the lease; what is revoked is told on it. */
  readonly telling: Channel
  readonly baton: Baton
  readonly holder: Holder
  readonly predecessor: Predecessor | undefined
  /** What the leaders before have revoked, and is not void. */
  readonly inherited: readonly RevocationNotice[]
  readonly heartbeat: Milliseconds
  readonly emit: (event: BrokerEvent) => void
  readonly missed: Candidate['missed']
  readonly takesAgain: Candidate['takesAgain']
}

/** Also a baton that says nothing new is written anew: one that is held for long counts as a consumer's that hangs. */
const rotateAfter = milliseconds(240_000)
const longestTick = milliseconds(1_000)
/** How long an emission waits for a broker that takes nothing before it says so. */
const patience = milliseconds(1_000)
/** How long a resignation waits for what is under way. */
const lastWords = milliseconds(5_000)

/**
 * Leading by holding the baton. The occurrences are confirmed first and the baton with their cursor after them, so a
 * leader that dies in between is followed by one that publishes them again, with the same ids.
 *
 * One thing is done at a time: an emission, a rotation, another hash. A watch that ticks every second rotates the
 * baton and looks at the monotonic clock: when the process stood still for longer than it
 * takes the broker to give us up, another may lead, and the session is destroyed before anything else is written.
 *
 * While the broker takes nothing (a memory or disk alarm) the term goes on and the cursor stands still. An emission
 * that was surprised by it is given up by its caller, while its confirms are still waited for: until they have come,
 * nothing else is begun, and what came of it is in the cursor. Whoever was refused is told when it is over.
 */
export class AmqpTerm implements Term {
  readonly predecessor: Predecessor | undefined
  readonly lost: AbortSignal
  readonly #parts: TermParts
  readonly #over = new AbortController()
  readonly #teller: RevocationTeller
  readonly #parking: Parking
  #baton: Baton
  #writtenAt: Milliseconds
  #lookedAt: Milliseconds
  #underWay: Promise<void> = Promise.resolve()
  /** How many operations are under way or wait for it, and who waits for them. */
  #operations = 0
  readonly #callers = new Set<(error: Error) => void>()
  #blockedSince: Milliseconds | undefined
  /** Callers were sent away; until what they asked for is settled, nothing else is begun. */
  #isStuck = false
  /** Somebody was refused since it was last told that messages are taken. */
  #hasRefused = false
  #resignation: Promise<void> | undefined

  constructor(parts: TermParts) {
    const { clock, session } = parts
    this.#parts = parts
    this.#baton = parts.baton
    this.#writtenAt = clock.monotonic()
    this.#lookedAt = this.#writtenAt
    this.#teller = new RevocationTeller({ ...parts, channel: parts.telling })
    this.#parking = new Parking({
      ...parts,
      isRevoked: (message) => this.#teller.isRevoked(message),
      encode: (message) => encode(parts, message),
      permit: () => this.#permit(),
    })
    this.predecessor = parts.predecessor
    this.lost = this.#over.signal
    if (session.lost.aborted) this.#over.abort(session.lost.reason)
    else session.lost.addEventListener('abort', () => this.#over.abort(session.lost.reason), { once: true })
    void this.#watch()
    this.#parking.lookThrough()
  }

  get epoch(): number {
    return this.#baton.epoch
  }

  get namespace(): string {
    return this.#baton.namespace
  }

  get cursor(): Cursor | undefined {
    return this.#baton.cursor
  }

  get stamp(): Stamp {
    return { epoch: this.#baton.epoch, seq: this.#baton.seq + 1 }
  }

  /** What it says of itself when asked. */
  get status(): LeaderStatus {
    const { group } = this.#parts
    const { epoch, cursor, holder = this.#parts.holder } = this.#baton
    return { group, epoch, cursor, ...holder, alive: !this.lost.aborted }
  }

  /** Tells all workers what is revoked: one of them may have heard nothing yet. */
  tellRevoked(): void {
    this.#teller.answer()
  }

  /** Replacements are ignored: what lies in the broker cannot be changed, so changed arguments apply after the cursor. */
  emit({ messages, revocations, cursor }: Emission): Promise<void> {
    return this.#alone('emit', async () => {
      await this.#revoke(revocations)
      const permit = (): void => this.#permit()
      await publishOccurrences({ ...this.#parts, permit, parking: this.#parking }, messages)
      this.#permit()
      await this.#write(followedBy(this.#baton, { cursor }, this.#parts.clock.now()))
    })
  }

  restart(cursor: Cursor): Promise<void> {
    return this.#alone('set the cursor', () => {
      const next = followedBy(this.#baton, { cursor }, this.#parts.clock.now())
      return this.#write({ ...next, epoch: this.#baton.epoch + 1, seq: 0 })
    })
  }

  adopt(schedule: AdoptedSchedule): Promise<void> {
    return this.#alone('tell of another schedule', () => {
      const holder = { ...(this.#baton.holder ?? this.#parts.holder), ...schedule }
      return this.#write(followedBy(this.#baton, { holder }, this.#parts.clock.now()))
    })
  }

  resign(): Promise<void> {
    this.#resignation ??= this.#resign()
    return this.#resignation
  }

  /** What is under way is finished; then the baton is put down as one that nobody has to wait for, and we go. */
  async #resign(): Promise<void> {
    if (this.lost.aborted) return
    const { session, clock } = this.#parts
    const done = new AbortController()
    const lastWord = Promise.all([this.#underWay, this.#parking.stop()])
      .then(() => this.#write(followedBy(this.#baton, { resigned: true }, clock.now())))
      .catch(() => {}) // then the next leader waits a moment longer
      .finally(() => done.abort())
    await Promise.race([lastWord, clock.sleep(lastWords, done.signal)])
    done.abort()
    this.#over.abort(new TermLostError('this beat has resigned'))
    await session.close()
  }

  async #revoke(revocations: readonly Revocation[]): Promise<void> {
    if (revocations.length === 0) return
    this.#permit()
    const outcomes = await this.#teller.tell(revocations, this.stamp)
    const failed = outcomes.find(({ kind }) => kind !== 'confirmed')
    if (failed) this.#doubt(new Error(`a revocation was not taken (${failed.kind})`))
    if (this.#parking.isUsed) this.#parking.lookThrough()
  }

  async #write(baton: Baton): Promise<void> {
    this.#permit()
    await this.#parts.lease.advance(baton)
    this.#baton = baton
    this.#writtenAt = this.#parts.clock.monotonic()
  }

  /** Runs it when nothing else is under way. The caller waits no longer than the broker takes messages. */
  async #alone(operation: string, run: () => Promise<void>): Promise<void> {
    if (this.lost.aborted || this.#resignation) throw this.#lostError(operation)
    if (this.#parts.session.blocked || this.#isStuck) throw this.#refusal(operation)
    const result = this.#underWay.then(run)
    this.#operations++
    this.#underWay = result
      .catch(() => {}) // whoever asked for it hears of it
      .finally(() => {
        if (--this.#operations === 0) this.#isStuck = false
        this.#tellTaken()
      })
    try {
      await this.#unlessSentAway(result)
    } catch (error) {
      throw this.lost.aborted ? this.#lostError(operation, error) : error
    }
  }

  #unlessSentAway(result: Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#callers.add(reject)
    result.then(resolve, reject).finally(() => this.#callers.delete(reject))
    return promise
  }

  #lostError(operation: string, cause: unknown = this.lost.reason): TermLostError {
    const { group } = this.#parts
    return new TermLostError(`cannot ${operation}: the term ${this.epoch} of ${group} is over`, { cause })
  }

  /** Asked before anything is published, because we may have stood still since the watch last looked. */
  #permit(): void {
    this.#look()
    this.lost.throwIfAborted()
    if (this.#isStuck || this.#parts.session.blocked) throw this.#refusal('publish')
  }

  async #watch(): Promise<void> {
    const { clock, heartbeat } = this.#parts
    const tick = milliseconds(Math.min(longestTick, heartbeat / 2))
    while (!this.lost.aborted) {
      await clock.sleep(tick, this.lost)
      if (this.lost.aborted) return
      this.#look()
      this.#lookedAt = clock.monotonic()
      this.#lookWhetherBlocked()
      this.#tellTaken()
      if (this.lost.aborted || this.#parts.session.blocked) continue
      if (this.#operations === 0 && clock.monotonic() - this.#writtenAt >= rotateAfter) this.#rotate()
    }
  }

  /** By the time that the broker has heard nothing from us for two heartbeats, it has given the baton to another. */
  #look(): void {
    const { clock, heartbeat } = this.#parts
    const gap = clock.monotonic() - this.#lookedAt
    if (gap > 2 * heartbeat) this.#doubt(new Error(`this process stood still for ${Math.round(gap)} ms`))
  }

  #lookWhetherBlocked(): void {
    const { clock, session } = this.#parts
    if (!session.blocked) this.#blockedSince = undefined
    else this.#blockedSince ??= clock.monotonic()
    if (this.#blockedSince === undefined || this.#operations === 0) return
    if (clock.monotonic() - this.#blockedSince < patience) return
    this.#isStuck = true
    for (const sendAway of this.#callers) sendAway(this.#refusal('finish'))
  }

  #refusal(operation: string): TaskbeatError {
    this.#hasRefused = true
    return takesNothing(operation)
  }

  #tellTaken(): void {
    const { session, takesAgain } = this.#parts
    if (!this.#hasRefused || this.#isStuck || session.blocked || this.lost.aborted) return
    this.#hasRefused = false
    takesAgain?.()
  }

  #rotate(): void {
    this.#alone('rotate the baton', () =>
      this.#write(followedBy(this.#baton, {}, this.#parts.clock.now())),
    ).catch(() => {}) // the session is lost then, or the broker takes nothing and it is tried again
  }

  #doubt(reason: Error): void {
    const session: Session = this.#parts.session
    session.destroy(reason)
    this.#over.abort(reason)
  }
}

export function takesNothing(operation: string): TaskbeatError {
  return new TaskbeatError(
    'BROKER_UNAVAILABLE',
    `cannot ${operation}: the broker takes no messages at present, because a memory or disk alarm is set on its host`,
  )
}
