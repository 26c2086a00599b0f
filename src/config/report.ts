import type { Problem } from './problem.ts'
import type { SourceText } from './source-text.ts'

/** More than this many of a kind are counted and not kept: nobody reads them, and a file may hold 100,000. */
const mostKept = 200
const longestMessage = 400

/** Collects what is found in one file: problems, which forbid its use, and warnings, which do not. */
export class Report {
  readonly source: SourceText
  readonly #problems: Problem[] = []
  readonly #warnings: Problem[] = []
  readonly #warned = new Set<string>()
  #moreProblems = 0
  #moreWarnings = 0

  constructor(source: SourceText) {
    this.source = source
  }

  get hasProblems(): boolean {
    return this.#problems.length > 0
  }

  problem(offset: number, path: string, message: string): void {
    if (this.#problems.length < mostKept) this.#problems.push(this.#located(offset, path, message))
    else this.#moreProblems++
  }

  /** The same of the same place is said once: what stands under `defaults` is met with every entry. */
  warning(offset: number, path: string, message: string): void {
    const key = `${offset} ${message}`
    if (this.#warned.has(key)) return
    if (this.#warnings.length === mostKept) {
      this.#moreWarnings++
      return
    }
    this.#warned.add(key)
    this.#warnings.push(this.#located(offset, path, message))
  }

  /** A problem that has no place in the file. */
  problemOutside(problem: Problem): void {
    this.#problems.push(problem)
  }

  /** In the order of the file. */
  problems(): readonly Problem[] {
    return this.#listed(this.#problems, this.#moreProblems, 'problem')
  }

  warnings(): readonly Problem[] {
    return this.#listed(this.#warnings, this.#moreWarnings, 'warning')
  }

  #located(offset: number, path: string, message: string): Problem {
    const short = message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message
    return { file: this.source.file, ...this.source.position(offset), path, message: short }
  }

  #listed(kept: readonly Problem[], more: number, noun: string): readonly Problem[] {
    const sorted = kept.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
    if (more === 0) return sorted
    const message = `and ${more.toLocaleString('en')} more ${noun}${more === 1 ? '' : 's'}`
    return [...sorted, { file: this.source.file, path: '', message }]
  }
}
