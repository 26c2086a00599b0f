import { inspect } from 'node:util'

/** Less than a test has, so that it can still undo what it did to a broker. */
const patienceMs = 30_000

/** Remembers the events that it is told, and lets a test wait for one. */
export class EventLog<E extends { readonly kind: string }> {
  readonly all: E[] = []
  readonly #waiting = new Set<() => void>()

  readonly emit: (event: E) => void = (event) => {
    this.all.push(event)
    for (const look of this.#waiting) look()
  }

  of<K extends E['kind']>(kind: K): Extract<E, { kind: K }>[] {
    return this.all.filter((event): event is Extract<E, { kind: K }> => event.kind === kind)
  }

  /**
   * The first event of this kind (that matches), whether it has come or is still to come. Rejects with what came
   * instead when it has not come in time, so that a test ends in order and says why.
   */
  first<K extends E['kind']>(
    kind: K,
    matches: (event: Extract<E, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<E, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.of(kind).find(matches)
        if (!found) return
        this.#waiting.delete(look)
        clearTimeout(patience)
        resolve(found)
      }
      const patience = setTimeout(() => {
        this.#waiting.delete(look)
        const came = this.all.map((event) => inspect(event, { breakLength: Infinity })).join('\n')
        reject(new Error(`no ${kind} within ${patienceMs} ms, but:\n${came || 'nothing'}`))
      }, patienceMs)
      this.#waiting.add(look)
      look()
    })
  }
}
