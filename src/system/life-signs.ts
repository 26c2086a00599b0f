import type { ServiceManager } from './service-manager.ts'

/** What a service can say of itself at any moment. */
export interface Vitals {
  /** One line for people. */
  readonly describe: () => string
  /** By how much the service's own loop is late, in milliseconds; 0 while it goes round as it should. */
  readonly overdue: () => number
}

/** How often a start or a stop that takes long says that it goes on, and how much more time it asks for each time. */
const patienceEveryMs = 5_000
const patienceMs = 20_000
/** How often a service that nobody watches says how it is. */
const unwatchedEveryMs = 20_000
/** What changes within this time is one change. */
const settleMs = 100

/**
 * The signs of life that a service gives the service manager, from its first moment to its last.
 *
 *   starting ──ready──▶ running ◀──▶ reloading        starting, stopping: asks for more time as long as it goes on
 *       │                  │                          running: says how it is, and that it is alive
 *       └──────stop────────┴──▶ stopping ──▶ closed
 *
 * They come from the process's own event loop and only while the loop of the service is not late by as much as the
 * watchdog's whole time: a service that stands still, for whatever reason, is found out and started again.
 */
export class LifeSigns implements AsyncDisposable {
  readonly #manager: ServiceManager
  #timer: NodeJS.Timeout
  #vitals: Vitals | undefined
  /** A change that is about to be told. */
  #change: NodeJS.Timeout | undefined
  #reloads = 0
  #stops = false
  /** What came of the last reload, when it was no good. */
  #complaint: string | undefined
  #told: string | undefined

  constructor(manager: ServiceManager) {
    this.#manager = manager
    this.#timer = this.#every(patienceEveryMs, () => manager.tell({ extendMs: patienceMs }))
  }

  /** The service does its work. */
  ready(vitals: Vitals): void {
    this.#vitals = vitals
    clearInterval(this.#timer)
    const { watchdogMs } = this.#manager
    this.#timer = this.#every(watchdogMs ? watchdogMs / 3 : unwatchedEveryMs, () => this.#live())
    this.#manager.tell({ state: 'ready', alive: true, status: this.#describe() })
  }

  /** Something has changed that is worth saying before it is time. */
  changed(): void {
    this.#change ??= setTimeout(() => {
      this.#change = undefined
      const told = this.#told
      if (this.#vitals && this.#describe() !== told) this.#manager.tell({ status: this.#describe() })
    }, settleMs).unref()
  }

  /**
   * Says that a reload is under way until `reload` resolves: with what is wrong, or with nothing. Resolves when the
   * service manager has heard that it is over.
   */
  async reloading(reload: () => Promise<string | undefined>): Promise<void> {
    this.#reloads++
    if (this.#reloads === 1) this.#manager.tell({ state: 'reloading' })
    try {
      this.#complaint = await reload()
    } finally {
      this.#reloads--
      if (this.#reloads === 0 && !this.#stops)
        this.#manager.tell({ state: 'ready', status: this.#describe() })
    }
    await this.#manager.heard()
  }

  /** From here on it ends. */
  stopping(): void {
    this.#stops = true
    clearInterval(this.#timer)
    const extend = (): void =>
      this.#manager.tell({ alive: true, extendMs: patienceMs, status: this.#describe() })
    this.#timer = this.#every(patienceEveryMs, extend)
    this.#manager.tell({ state: 'stopping', extendMs: patienceMs })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    clearTimeout(this.#change)
    await this.#manager.close()
  }

  #live(): void {
    const { watchdogMs } = this.#manager
    const late = this.#vitals?.overdue() ?? 0
    this.#manager.tell({ alive: watchdogMs !== undefined && late < watchdogMs, status: this.#describe() })
  }

  #describe(): string {
    const status = [this.#vitals?.describe() ?? 'starting', this.#complaint].filter(Boolean).join('; ')
    this.#told = status
    return status
  }

  #every(periodMs: number, act: () => void): NodeJS.Timeout {
    return setInterval(act, periodMs).unref()
  }
}
