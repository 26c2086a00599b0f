import type { HostNote } from './hosts.ts'
import type { Sent } from './sender.ts'
import type { World } from './world.ts'

/** A stretch of time in which something was broken. */
export interface Fault {
  readonly from: number
  readonly to: number
}

/** Why an attempt was started on more than one host. */
export interface RepeatCounts {
  /** The connection of the first was lost before the broker had heard of its end. */
  readonly ranWhenItBroke: number
  /** The sender's connection was lost before the confirm, so it sent it once more. */
  readonly sentWhenItBroke: number
  /** The leader's connection was lost before it could say that it had emitted it. */
  readonly emittedWhenItBroke: number
}

export interface Surroundings {
  readonly faults: readonly Fault[]
  readonly sent: ReadonlyMap<string, Sent>
  readonly hosts: readonly World[]
  readonly lookaheadMs: number
}

/** How long after it was broken, or before, one may have noticed something of it. */
const slackMs = 1_000

/** Explains each attempt that was started more than once; no host may start one twice, and nothing may be unexplained. */
export function explainRepeats(
  starts: readonly HostNote[],
  surroundings: Surroundings,
): { readonly counts: RepeatCounts; readonly problems: readonly string[] } {
  const counts = { ranWhenItBroke: 0, sentWhenItBroke: 0, emittedWhenItBroke: 0 }
  const problems: string[] = []
  for (const [attempt, each] of Map.groupBy(starts, ({ id, attempt }) => `${id} ${attempt}`)) {
    if (each.length < 2) continue
    const reason = reasonOf(each, surroundings)
    if (new Set(each.map(({ host }) => host)).size < each.length)
      problems.push(`${attempt} (${each[0]?.entry}) was started twice on one host: ${describe(each)}`)
    else if (reason) counts[reason]++
    else
      problems.push(
        `${attempt} (${each[0]?.entry}) was started twice, and nothing was broken: ${describe(each)}`,
      )
  }
  return { counts, problems }
}

function reasonOf(
  starts: readonly HostNote[],
  { faults, sent, hosts, lookaheadMs }: Surroundings,
): keyof RepeatCounts | undefined {
  const [first] = starts.toSorted((a, b) => a.at - b.at)
  if (!first) return undefined
  const brokeWithin = (from: number, to: number): boolean =>
    faults.some((fault) => fault.from - slackMs <= to && from <= fault.to + slackMs)
  const order = sent.get(first.id)
  if (brokeWithin(first.at, endOf(first, hosts))) return 'ranWhenItBroke'
  if (order && brokeWithin(order.askedAt, order.confirmedAt || Number.POSITIVE_INFINITY))
    return 'sentWhenItBroke'
  return brokeWithin(first.due - lookaheadMs, first.due) ? 'emittedWhenItBroke' : undefined
}

function endOf({ host, id, attempt, at }: HostNote, hosts: readonly World[]): number {
  const sql = 'SELECT finished FROM attempts WHERE id = ? AND attempt = ?'
  const [row] = hosts[host]?.query<{ finished: number | null }>('journal', sql, id, attempt) ?? []
  return row ? (row.finished ?? Number.POSITIVE_INFINITY) : at
}

function describe(starts: readonly HostNote[]): string {
  return starts
    .map(({ host, at }) => `host ${host} at ${new Date(at).toISOString().slice(11, 23)}`)
    .join(', ')
}
