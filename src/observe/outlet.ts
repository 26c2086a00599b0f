/** In bytes: megabytes of lines can be read later, and a reader that has hung for hours reads none of them. */
const mostWaiting = 16 * 1_048_576

/**
 * Where lines leave the process. Whoever reads them may read slowly, or hang (journald on a full disk, a terminal that
 * was stopped): then they wait in memory, up to a bound, and those after that are counted.
 */
export class Outlet {
  readonly #stream: NodeJS.WritableStream & { readonly writableLength: number }
  #isFull = false
  #lost = 0

  constructor(stream: NodeJS.WritableStream & { readonly writableLength: number }) {
    this.#stream = stream
  }

  write(text: string): void {
    if (this.#look()) this.#lost++
    else this.#stream.write(text)
  }

  /** How many lines found no room, to be told now that there is some again. */
  takeLost(): number {
    if (this.#lost === 0 || this.#look()) return 0
    const lost = this.#lost
    this.#lost = 0
    return lost
  }

  /** Full until half of what waited is read, so that not every other line is told to be lost. */
  #look(): boolean {
    this.#isFull = this.#stream.writableLength > (this.#isFull ? mostWaiting / 2 : mostWaiting)
    return this.#isFull
  }
}
