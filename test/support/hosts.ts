import type { RunSummary } from '../../src/journal/run.ts'
import type { ExpectedEntry } from './audit.ts'
import { type Note, World } from './world.ts'

/** Machines that have a RabbitMQ in common and nothing else: worlds with a state directory each. They end with the first. */
export function openHosts(first: World, count: number): readonly World[] {
  return [first, ...Array.from({ length: count - 1 }, () => first.use(new World()))]
}

/** A note, and on which of the hosts it was written. */
export interface HostNote extends Note {
  readonly host: number
}

export function notesOf(hosts: readonly World[], word: string): readonly HostNote[] {
  return hosts.flatMap((world, host) => world.notes(word).map((note) => ({ ...note, host })))
}

export interface Stretch {
  readonly after: number
  readonly through: number
}

/** How many occurrences came to what, and those that no host can account for. */
export interface Account {
  readonly due: number
  readonly ran: number
  readonly missed: number
  /** Skipped or expired. */
  readonly leftOut: number
  readonly problems: readonly string[]
}

/** What became of each occurrence that was due: it ran somewhere, or a journal says why it did not. */
export function accountFor(
  hosts: readonly World[],
  entries: readonly ExpectedEntry[],
  { after, through }: Stretch,
): Account {
  const ran = new Map(notesOf(hosts, 'start').map((note) => [`${note.entry} ${note.due}`, note]))
  const runs = Map.groupBy(
    hosts.flatMap((world) => world.journal((journal) => journal.runs({ limit: 1_000_000 }))),
    (run) => `${run.entry} ${run.due}`,
  )
  const missed = hosts.flatMap((world) => world.journal((journal) => journal.missed({ limit: 1_000_000 })))
  const count = { due: 0, ran: 0, missed: 0, leftOut: 0 }
  const problems: string[] = []
  for (const entry of entries) {
    for (let due = Math.floor(after / 1_000) * 1_000 + 1_000; due <= through; due += 1_000) {
      if (!entry.isDue(due / 1_000)) continue
      count.due++
      const slot = `${entry.name} ${due}`
      const note = ran.get(slot)
      const isMissed = missed.some(
        (each) => each.entry === entry.name && each.first <= due && due <= each.last,
      )
      if (note && note.at < due) problems.push(`${slot} ran ${due - note.at} ms early`)
      if (note) count.ran++
      else if (isMissed && entry.missed !== 'all') count.missed++
      else if (runs.get(slot)?.some((run) => wasLeftOut(entry, run))) count.leftOut++
      else
        problems.push(`${slot} ${isMissed ? 'was missed although all are made up for' : 'has left no trace'}`)
    }
  }
  return { ...count, problems }
}

function wasLeftOut(entry: ExpectedEntry, { outcome, reason }: RunSummary): boolean {
  if (outcome === 'expired') return entry.missed !== 'all' && entry.overlap !== 'queue'
  if (entry.overlap === 'queue') return outcome === 'skipped' && reason?.includes('already wait') === true
  return outcome === 'skipped' && entry.overlap === 'skip'
}
