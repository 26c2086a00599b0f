import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Labels = Readonly<Record<string, string>>

/** It only grows. */
export interface Count {
  add(labels?: Labels, by?: number): void
}

/** It goes up and down. */
export interface Level {
  set(value: number, labels?: Labels): void
  /** Nothing is known of it any more, under any label. */
  forget(): void
}

/** How often it was how much. */
export interface Spread {
  observe(seconds: number, labels?: Labels): void
}

export interface Naming {
  /** Without the `taskbeat_` that all of them begin with. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

/** What figures are kept in, and their text in Prometheus' exposition format. */
export class Instruments {
  readonly #registry = new Registry()

  count(naming: Naming): Count {
    const counter = new Counter(this.#describe(naming))
    return { add: (labels = {}, by = 1) => counter.inc(labels, by) }
  }

  level(naming: Naming): Level {
    const gauge = new Gauge(this.#describe(naming))
    return {
      set: (value, labels = {}) => gauge.set(labels, value),
      // Reset, one without labels would be 0.
      forget: () => (naming.labels ? gauge.reset() : gauge.remove()),
    }
  }

  /** `buckets`: upper limits in seconds. */
  spread(naming: Naming & { readonly buckets: readonly number[] }): Spread {
    const histogram = new Histogram({ ...this.#describe(naming), buckets: [...naming.buckets] })
    return { observe: (seconds, labels = {}) => histogram.observe(labels, seconds) }
  }

  /**
   * Also what concerns the process: memory, processor, event loop, under the
   * names that Node's processes commonly have.
   */
  watchProcess(): void {
    // How exactly the delay of the event loop is known, in ms; a finer one would wake the process more often.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 50 })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #describe({ name, help, labels = [] }: Naming): {
    name: string
    help: string
    labelNames: readonly string[]
    registers: Registry[]
  } {
    return { name: `taskbeat_${name}`, help, labelNames: labels, registers: [this.#registry] }
  }
}
