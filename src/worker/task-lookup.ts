import { type Backoff, backoffDelay } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { forgetOldest } from '../core/forget-oldest.ts'
import { type Instant, type Milliseconds, milliseconds, plus } from '../core/instant.ts'
import type { TaskMessage } from '../task/task-message.ts'
import type { RegisteredTask, Registry } from './registry.ts'
import type { EmitWorkerEvent } from './worker-event.ts'

/** For how long a task may be unknown here before its message is dead: a deploy takes minutes. */
const patience = milliseconds(600_000)
const askAgain: Backoff = { firstMs: 5_000, factor: 2, longestMs: 60_000, jitter: 'none' }

/** Names and ids come from outside: no more of them are remembered. Of messages, those beyond have to wait for their turn. */
const mostNames = 1_000
const mostMessages = 10_000
/** What was first seen so long ago and is still here was taken by another worker, or has expired. */
const forgetAfter = milliseconds(2 * patience)
/** A flood of unknown names does not become a flood of file reads. */
const betweenRefreshes = milliseconds(5_000)

interface Unknown {
  readonly since: Milliseconds
  readonly looks: number
}

export interface TaskLookupParts {
  /** What the modules of the worker are still being looked through for; until then nothing is unknown. */
  readonly learning?: Promise<Registry>
  readonly clock: Clock
  readonly emit: EmitWorkerEvent
  /** Has the configuration read once more; if there is something new, it comes as a new registry before this resolves. */
  readonly refresh: () => Promise<void>
}

/**
 * Finds a task by its exact name, and knows what to do about names that are not there: look at the file once, then
 * have patience, because whoever sends may have been deployed before whoever runs.
 */
export class TaskLookup {
  registry: Registry
  readonly #parts: TaskLookupParts
  readonly #namesLookedFor = new Set<string>()
  readonly #unknown = new Map<string, Unknown>()
  #learning: Promise<void> | undefined
  #refreshing: Promise<void> | undefined
  #refreshed: Milliseconds | undefined

  constructor(registry: Registry, parts: TaskLookupParts) {
    this.registry = registry
    this.#parts = parts
    this.#learning = parts.learning?.then((learned) => {
      this.registry = learned
      this.#learning = undefined
    })
  }

  /** Resolves once the modules are looked through. */
  get learned(): Promise<void> {
    return this.#learning ?? Promise.resolve()
  }

  /** Not a promise where it is known, as is most often so. */
  find(message: TaskMessage): RegisteredTask | undefined | Promise<RegisteredTask | undefined> {
    return this.#known(message) ?? this.#look(message)
  }

  #known({ id, task }: TaskMessage): RegisteredTask | undefined {
    const known = this.registry.get(task)
    if (known) this.#unknown.delete(id)
    return known
  }

  async #look(message: TaskMessage): Promise<RegisteredTask | undefined> {
    const { task } = message
    if (this.#learning) await this.#learning
    const known = this.#known(message)
    if (known) return known
    if (this.#namesLookedFor.has(task) || !this.#mayRefresh()) return undefined
    await this.#refresh()
    const found = this.registry.get(task)
    if (found || this.#namesLookedFor.has(task)) return found
    this.#namesLookedFor.add(task)
    forgetOldest(this.#namesLookedFor, mostNames)
    this.#parts.emit({ kind: 'taskUnknown', task, message })
    return undefined
  }

  /** When a message whose task is not known here shall come again; undefined once patience has ended. */
  nextLook(message: TaskMessage): Instant | undefined {
    const { clock } = this.#parts
    const known = this.#unknown.get(message.id)
    if (!known && !this.#hasRoom()) return plus(clock.now(), milliseconds(askAgain.longestMs))
    const { since, looks } = known ?? { since: clock.monotonic(), looks: 0 }
    this.#unknown.delete(message.id)
    if (clock.monotonic() - since >= patience) return undefined
    this.#unknown.set(message.id, { since, looks: looks + 1 })
    return plus(
      clock.now(),
      backoffDelay(askAgain, looks + 1, () => 0),
    )
  }

  /** Those that were looked at last are the last, so the first are those that may have gone. */
  #hasRoom(): boolean {
    if (this.#unknown.size < mostMessages) return true
    const oldest = this.#parts.clock.monotonic() - forgetAfter
    for (const [id, { since }] of this.#unknown) {
      if (since > oldest) break
      this.#unknown.delete(id)
    }
    return this.#unknown.size < mostMessages
  }

  #mayRefresh(): boolean {
    if (this.#refreshing || this.#refreshed === undefined) return true
    return this.#parts.clock.monotonic() - this.#refreshed >= betweenRefreshes
  }

  async #refresh(): Promise<void> {
    this.#refreshing ??= this.#parts.refresh()
    try {
      await this.#refreshing
    } catch {
      // A file that cannot be used changes nothing, and whoever reads it has said so.
    } finally {
      this.#refreshing = undefined
      this.#refreshed = this.#parts.clock.monotonic()
    }
  }
}
