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

  /** The first event of this kind (that matches), whether it has come or is still to come. */
  first<K extends E['kind']>(
    kind: K,
    matches: (event: Extract<E, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<E, { kind: K }>> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.of(kind).find(matches)
        if (!found) return
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }
}
