import type { Publication } from './firehose.ts'

/** An occurrence as one leader published it. */
interface Emission {
  readonly connection: string
  readonly due: number
  /** The leader has said after it, to the broker, that everything is emitted through its time. */
  committed: boolean
}

/**
 * Which occurrences leaders published, and how often, by the broker's account of what was published: what a leader
 * publishes between two batons is committed by the second.
 *
 * A leader is a connection that writes batons; what a worker passes on is none of its emissions.
 */
export class EmissionBook {
  readonly problems: string[] = []
  /** By leader, what it has still to commit. */
  readonly #open = new Map<string, Emission[]>()
  readonly #emissions = new Map<string, Emission[]>()
  readonly #waiting: (() => void)[] = []

  /** To be told all that is published. */
  readonly read: (publication: Publication) => void = (publication) => {
    if (/\.baton\.v\d+$/.test(publication.queue)) this.#readBaton(publication)
    else if (this.#open.has(publication.connection)) this.#readOccurrence(publication)
  }

  /** Resolves when the broker has taken an occurrence from a leader, which cannot know it yet. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  /** How often a leader published it. */
  copiesOf(id: string): number {
    return this.#emissions.get(id)?.length ?? 0
  }

  /** How many occurrences were published more than once. */
  get repeated(): number {
    return [...this.#emissions.values()].filter((copies) => copies.length > 1).length
  }

  #readBaton({ connection, body }: Publication): void {
    const { cursor } = JSON.parse(body.toString('utf8')) as { cursor: { due: number } | null }
    const through = cursor?.due ?? Number.NEGATIVE_INFINITY
    const open = this.#open.get(connection) ?? []
    for (const emission of open) emission.committed = emission.due <= through
    this.#open.set(
      connection,
      open.filter(({ committed }) => !committed),
    )
  }

  #readOccurrence({ connection, messageId = '', headers }: Publication): void {
    const due = Number(headers.taskbeat_due)
    const copies = this.#emissions.get(messageId) ?? []
    const what = `${headers.taskbeat_entry} due ${new Date(due).toISOString()}`
    for (const former of copies) {
      if (former.committed) this.problems.push(`${what} was published again after it was committed`)
      if (former.connection === connection) this.problems.push(`${what} was published twice by one leader`)
    }
    const emission = { connection, due, committed: false }
    this.#emissions.set(messageId, [...copies, emission])
    this.#open.get(connection)?.push(emission)
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
