import type { Publication } from './firehose.ts'

/** An occurrence as one leader published it. */
interface Emission {
  readonly connection: string
  readonly due: number
  /** The leader has said after it, to the broker, that everything is emitted through its time. */
  committed: boolean
}

interface Baton {
  readonly epoch: number
  readonly cursor: { readonly due: number } | null
}

/**
 * Which occurrences leaders published, and how often, by the broker's account of what was published: what a leader
 * publishes between two batons is committed by the second.
 *
 * A leader is a connection that writes batons; what a worker passes on is none of its emissions.
 */
export class EmissionBook {
  readonly problems: string[] = []
  /** By leader, its epoch and what it has still to commit. */
  readonly #open = new Map<string, { readonly epoch: number; readonly emissions: readonly Emission[] }>()
  readonly #emissions = new Map<string, Emission[]>()
  readonly #waiting: (() => void)[] = []

  /** To be told all that is published. */
  readonly read: (publication: Publication) => void = (publication) => {
    if (/\.baton\.v\d+$/.test(publication.queue)) this.#readBaton(publication)
    else if (this.#isOfLeader(publication)) this.#readOccurrence(publication)
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
    const { epoch, cursor } = JSON.parse(body.toString('utf8')) as Baton
    const through = cursor?.due ?? Number.NEGATIVE_INFINITY
    const former = this.#open.get(connection)
    const emissions = former?.epoch === epoch ? former.emissions : []
    for (const emission of emissions) emission.committed = emission.due <= through
    this.#open.set(connection, { epoch, emissions: emissions.filter(({ committed }) => !committed) })
  }

  /** A connection is named by its ports, which others may have later: what a leader emits bears its epoch. */
  #isOfLeader({ connection, headers }: Publication): boolean {
    const epoch = this.#open.get(connection)?.epoch
    return epoch !== undefined && String(headers.taskbeat_stamp).startsWith(`${epoch}.`)
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
    const open = this.#open.get(connection)
    if (open) this.#open.set(connection, { ...open, emissions: [...open.emissions, emission] })
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
