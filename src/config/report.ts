import type { Problem } from './problem.ts'
import type { Sources } from './sources.ts'
import { withoutPasswords } from './without-passwords.ts'

/** More than this many of a kind are counted and not kept: nobody reads them, and a file may hold 100,000. */
const mostKept = 200
const longestMessage = 400
/** The same warning about many entries, 02:00 in a zone that skips it, is told of the first few. */
const mostAlike = 3
/** What stands behind it is not shown. */
const secretKey = /(?:\benv|passw(?:or)?d|secret|token)["']?\s*:/i

/** Something found, with the offset that it is sorted by. */
interface Found {
  readonly problem: Problem
  readonly offset: number
}

/** Collects what is found in a configuration: problems, which forbid its use, and warnings, which do not. */
export class Report {
  readonly sources: Sources
  readonly #problems: Found[] = []
  readonly #warnings: Found[] = []
  readonly #warned = new Set<string>()
  /** At how many places each warning's text holds. */
  readonly #alike = new Map<string, number>()
  #moreProblems = 0
  #moreWarnings = 0

  constructor(sources: Sources) {
    this.sources = sources
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
    const alike = (this.#alike.get(message) ?? 0) + 1
    this.#alike.set(message, alike)
    if (alike > mostAlike) return
    if (this.#warnings.length === mostKept) {
      this.#moreWarnings++
      return
    }
    this.#warned.add(key)
    this.#warnings.push(this.#located(offset, path, message))
  }

  /** A problem that has no place in a text. */
  problemOutside(problem: Problem): void {
    this.#problems.push({ problem, offset: -1 })
  }

  /** In the order of the files. */
  problems(): readonly Problem[] {
    return this.#listed(this.#problems, this.#moreProblems, 'problem')
  }

  warnings(): readonly Problem[] {
    const listed = this.#listed(this.#warnings, this.#moreWarnings, 'warning')
    return listed.map((warning, index) => this.#withOthers(warning, listed.slice(index + 1)))
  }

  /** The last that is shown of those alike says how many there are beside them. */
  #withOthers(warning: Problem, following: readonly Problem[]): Problem {
    const others = (this.#alike.get(warning.message) ?? 0) - mostAlike
    if (others <= 0 || following.some(({ message }) => message === warning.message)) return warning
    return { ...warning, message: `${warning.message} (and so for ${others.toLocaleString('en')} more)` }
  }

  #located(offset: number, path: string, message: string): Found {
    const whole = withoutPasswords(message)
    const short = whole.length > longestMessage ? `${whole.slice(0, longestMessage)}…` : whole
    const { sourceLine, caret, ...place } = this.sources.position(offset)
    // What stands in `env` may be secret, and problems go to logs.
    const secret = path.split('.').includes('env') || secretKey.test(sourceLine)
    const shown = secret ? {} : { sourceLine, caret }
    return { problem: { ...place, ...shown, path: withoutPasswords(path), message: short }, offset }
  }

  #listed(kept: readonly Found[], more: number, noun: string): readonly Problem[] {
    const sorted = kept.toSorted((a, b) => a.offset - b.offset).map(({ problem }) => problem)
    if (more === 0) return sorted
    const message = `and ${more.toLocaleString('en')} more ${noun}${more === 1 ? '' : 's'}`
    return [...sorted, { file: this.sources.main, path: '', message }]
  }
}
