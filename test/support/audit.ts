/**
 * Holds what a world's journal and its tasks' own notes say against what should have happened.
 *
 * What should have happened is plain arithmetic on seconds, given by the test for each entry, and shares nothing with
 * the program. Every occurrence that was due has to have ended, or to be recorded as missed; each ending has to be one
 * that its entry's policies allow; nothing else may have run, nothing early, and nothing again without a reason.
 */
import type { MissedRecord, RunSummary } from '../../src/journal/run.ts'
import type { Note, World } from './world.ts'

/** What an entry promises, said a second time. */
export interface ExpectedEntry {
  readonly name: string
  /** Whether a second since the epoch is one of its slots. */
  readonly isDue: (second: number) => boolean
  readonly missed: 'latest' | 'all' | 'skip'
  readonly overlap: 'skip' | 'allow' | 'queue'
  /** Outcomes beside success that its task has by nature. */
  readonly fails?: boolean
  /** It writes no notes. */
  readonly silent?: boolean
}

/** A worker died, and these attempts (`ID ATTEMPT`) were being executed by it. */
export interface WorkerDeath {
  readonly at: number
  readonly running: readonly string[]
}

export interface AuditRequest {
  readonly entries: readonly ExpectedEntry[]
  /** Due after this ... */
  readonly after: number
  /** ... and by this. */
  readonly through: number
  readonly deaths?: readonly WorkerDeath[]
  /** How long after its end a run may stand in the way of the next, because its end cannot be written down. */
  readonly unsettledMs?: number
}

export interface AuditFigures {
  readonly due: number
  readonly succeeded: number
  readonly failed: number
  readonly skipped: number
  readonly expired: number
  readonly missed: number
  readonly starts: number
  readonly repeats: number
}

export interface Audit {
  readonly problems: readonly string[]
  readonly figures: AuditFigures
}

export function audit(world: World, request: AuditRequest): Audit {
  const { runs, missed } = world.journal((journal) => ({
    runs: journal.runs({ limit: 1_000_000 }),
    missed: journal.missed({ limit: 1_000_000 }),
  }))
  const notes = world.notes('start')
  const books = new Books(runs, missed, notes)
  const problems = [
    ...request.entries.flatMap((entry) => auditEntry(entry, request, books)),
    ...auditStrangers(request.entries, books),
    ...auditRepeats(notes, request.deaths ?? []),
    ...request.entries.flatMap((entry) => auditOverlap(entry, world.notes(), request.deaths ?? [])),
  ]
  const due = request.entries.flatMap((entry) => duesOf(entry, request)).length
  if (due === 0) problems.push('nothing was due, so nothing was tested')
  const count = (outcome: RunSummary['outcome']): number =>
    runs.filter((run) => run.outcome === outcome).length
  return {
    problems,
    figures: {
      due,
      succeeded: count('succeeded'),
      failed: count('failed'),
      skipped: count('skipped'),
      expired: count('expired'),
      missed: missed.reduce((sum, each) => sum + each.count, 0),
      starts: notes.length,
      repeats: notes.length - new Set(notes.map(attemptOf)).size,
    },
  }
}

/** Throws with the first problems, when there are any. */
export function assertSound({ problems, figures }: Audit): void {
  if (problems.length === 0) return
  const shown = problems.slice(0, 30).map((problem) => `  ${problem}`)
  throw new Error(
    `${problems.length} promises broken:\n${shown.join('\n')}\n${JSON.stringify(figures, undefined, 1)}`,
  )
}

class Books {
  readonly runs: ReadonlyMap<string, RunSummary>
  readonly all: readonly RunSummary[]
  readonly missed: readonly MissedRecord[]
  readonly notes: ReadonlyMap<string, readonly Note[]>

  constructor(runs: readonly RunSummary[], missed: readonly MissedRecord[], notes: readonly Note[]) {
    this.all = runs
    this.runs = new Map(runs.map((run) => [`${run.entry} ${run.due}`, run]))
    this.missed = missed
    this.notes = Map.groupBy(notes, ({ entry, due }) => `${entry} ${due}`)
  }
}

function duesOf(entry: ExpectedEntry, { after, through }: AuditRequest): number[] {
  const dues: number[] = []
  for (let second = Math.floor(after / 1_000) + 1; second * 1_000 <= through; second++)
    if (entry.isDue(second)) dues.push(second * 1_000)
  return dues
}

function auditEntry(entry: ExpectedEntry, request: AuditRequest, books: Books): string[] {
  const dues = duesOf(entry, request)
  return dues.flatMap((due) => {
    const what = `${entry.name} due ${clock(due)}`
    const run = books.runs.get(`${entry.name} ${due}`)
    const missed = books.missed.filter(
      ({ entry: name, first, last }) => name === entry.name && first <= due && due <= last,
    )
    if (run && missed.length > 0)
      return [`${what} is recorded as missed (${missed[0]?.reason}) and ${run.outcome}`]
    if (missed.length > 0)
      return entry.missed === 'all' ? [`${what} was missed although all are made up for`] : []
    if (!run) return [`${what} has left no trace`]
    return auditRun(entry, run, { what, books, request })
  })
}

interface Context {
  readonly what: string
  readonly books: Books
  readonly request: AuditRequest
}

function auditRun(entry: ExpectedEntry, run: RunSummary, context: Context): string[] {
  const { what, books } = context
  const notes = books.notes.get(`${entry.name} ${run.due}`) ?? []
  const { due = Number.NaN, started, finished = Number.NaN } = run
  const problems: string[] = []
  if (started !== undefined && started < due) problems.push(`${what} started ${due - started} ms early`)
  for (const { at } of notes) if (at < due) problems.push(`${what} wrote a note ${due - at} ms early`)
  if (new Set(notes.map(({ id }) => id)).size > 1) problems.push(`${what} ran under several ids`)
  const ran = notes.length > 0 || entry.silent === true
  switch (run.outcome) {
    case 'succeeded':
      if (!ran) problems.push(`${what} is said to have succeeded and never ran`)
      break
    case 'failed':
      if (!entry.fails && deathsOf(run, context.request) < suspectedAfter)
        problems.push(`${what} failed: ${run.reason}`)
      break
    case 'skipped':
      problems.push(...auditSkip(entry, run, context))
      break
    case 'expired':
      if (notes.length > 0 && run.attempts <= 1) problems.push(`${what} had begun in time and yet expired`)
      if (entry.missed === 'all' || entry.overlap === 'queue') problems.push(`${what} expired and must not`)
      else if (!successorIsDue(entry, due, finished))
        problems.push(`${what} expired at ${clock(finished)} before its successor was due`)
      break
    default:
      problems.push(`${what} has not ended: ${run.outcome} (${run.reason})`)
  }
  return problems
}

/** So many deaths of its worker in one attempt make the run itself suspect, and end it. */
const suspectedAfter = 3

function deathsOf({ id, attempts }: RunSummary, { deaths = [] }: AuditRequest): number {
  return deaths.filter(({ running }) => running.includes(`${id} ${attempts}`)).length
}

function auditSkip(
  entry: ExpectedEntry,
  run: RunSummary,
  { what, books, request: { unsettledMs = 1_000 } }: Context,
): string[] {
  if (entry.overlap === 'allow') return [`${what} was skipped although its runs may overlap`]
  if (entry.overlap === 'queue')
    return run.reason?.includes('already wait')
      ? []
      : [`${what} was skipped although it waits: ${run.reason}`]
  const other = books.all.find(({ id }) => run.reason?.includes(id))
  if (!other) return [`${what} was skipped for a run that the journal does not know: ${run.reason}`]
  const { finished = 0 } = other
  const notes = books.notes.get(`${entry.name} ${other.due}`) ?? []
  const started = Math.min(other.started ?? Number.POSITIVE_INFINITY, ...notes.map(({ at }) => at))
  const skipped = run.finished ?? Number.NaN
  if (other.outcome === 'expired') return [`${what} was skipped for a run that then expired: neither has run`]
  // It is handed out a moment before it starts, and a dead worker's run once its processes are gone.
  if (!(started <= skipped + 1_000 && skipped <= finished + unsettledMs))
    return [
      `${what} was skipped at ${clock(skipped)} for a run that lasted ${clock(started)} to ${clock(finished)}`,
    ]
  return []
}

function successorIsDue(entry: ExpectedEntry, due: number, by: number): boolean {
  for (let second = due / 1_000 + 1; second * 1_000 <= by; second++) if (entry.isDue(second)) return true
  return false
}

/** By their own notes: a run that has begun ends, or its worker dies, before the next of its entry begins. */
function auditOverlap(entry: ExpectedEntry, all: readonly Note[], deaths: readonly WorkerDeath[]): string[] {
  if (entry.overlap === 'allow') return []
  const notes = all.filter((note) => note.entry === entry.name)
  if (!notes.some(({ word }) => word === 'end')) return []
  const problems: string[] = []
  let running: Note | undefined
  for (const note of notes) {
    if (note.word === 'end') running = note.id === running?.id ? undefined : running
    else {
      const since = running
      const died = since && deaths.some(({ at }) => since.at <= at && at <= note.at)
      if (since && !died)
        problems.push(
          `${entry.name} due ${clock(note.due)} began at ${clock(note.at)} while that due ${clock(since.due)} was executing`,
        )
      running = note
    }
  }
  return problems
}

/** What is in the books and should not be. */
function auditStrangers(entries: readonly ExpectedEntry[], { all }: Books): string[] {
  const known = new Map(entries.map((entry) => [entry.name, entry]))
  return all
    .filter(
      ({ entry, due }) =>
        !(due !== undefined && due % 1_000 === 0 && known.get(entry ?? '')?.isDue(due / 1_000)),
    )
    .map(({ entry, due, id }) => `${entry} due ${due === undefined ? '?' : clock(due)} was never due (${id})`)
}

/** An attempt starts once, and once more for each death of a worker that was executing it. */
function auditRepeats(notes: readonly Note[], deaths: readonly WorkerDeath[]): string[] {
  const problems: string[] = []
  for (const [attempt, starts] of Map.groupBy(notes, attemptOf)) {
    const excused = deaths.filter(({ running }) => running.includes(attempt)).length
    const [first] = starts
    if (first && starts.length > 1 + excused)
      problems.push(
        `${first.entry} due ${clock(first.due)} started ${starts.length} times in attempt ${first.attempt}` +
          ` (${starts.map(({ at }) => clock(at)).join(', ')}), and its worker died ${excused} times`,
      )
  }
  return problems
}

function attemptOf({ id, attempt }: Note): string {
  return `${id} ${attempt}`
}

function clock(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString().slice(11, 23) : String(at)
}
