import { isProblem, type TimingProblem } from '../schedule/timing-problem.ts'
import type { Reading } from './reading.ts'
import { describeNode, type YamlMap, type YamlNode, type YamlPair } from './yaml-node.ts'

/** A node of the file together with where it is, for the one who reads it and may have to complain. */
export class Place {
  readonly node: YamlNode
  readonly reading: Reading
  readonly #parent: Place | undefined
  readonly #step: string

  constructor(reading: Reading, node: YamlNode, parent?: Place, step = '') {
    this.reading = reading
    this.node = node
    this.#parent = parent
    this.#step = step
  }

  /** The keys from the root, `schedules.nightly.cron`, and `[0]` for the first of a list. */
  get path(): string {
    const before = this.#parent?.path ?? ''
    return before === '' || this.#step.startsWith('[') ? before + this.#step : `${before}.${this.#step}`
  }

  /** Where relative paths start that are written here. */
  get directory(): string {
    return this.reading.report.sources.directoryOf(this.node.offset)
  }

  /** Where this is, for somebody who reads at another place: `on line 3`. */
  seenFrom(other: Place): string {
    return this.reading.report.sources.placeSeenFrom(this.node.offset, other.node.offset)
  }

  at(key: string, node: YamlNode): Place {
    return new Place(this.reading, node, this, key)
  }

  item(index: number, node: YamlNode): Place {
    return new Place(this.reading, node, this, `[${index}]`)
  }

  /** Reports it, and is undefined so that a reader can end with it. */
  problem(message: string, offset: number = this.node.offset): undefined {
    this.reading.report.problem(offset, this.path, message)
  }

  warning(message: string): void {
    this.reading.report.warning(this.node.offset, this.path, message)
  }

  /** `expected a duration, got a list` */
  mismatch(expected: string, hint?: string): undefined {
    return this.problem(`expected ${expected}, got ${describeNode(this.node)}${hint ? `; ${hint}` : ''}`)
  }

  /** The value, or its problem reported. */
  settle<T>(result: T | TimingProblem): T | undefined {
    if (!isProblem(result)) return result
    const { expected, got, hint } = result
    return this.problem(`expected ${expected}, got ${got}${hint ? `; ${hint}` : ''}`)
  }

  /** The pairs of a map, each key once; what YAML allows and nobody means is reported. */
  *pairs(map: YamlMap): Generator<YamlPair> {
    const offsets = new Map<string, number>()
    for (const pair of map.pairs) {
      const earlier = offsets.get(pair.key)
      const refuse = (message: string): undefined =>
        this.at(pair.key, pair.value).problem(message, pair.keyOffset)
      if (earlier !== undefined) {
        refuse(
          `the same key is ${this.reading.report.sources.placeSeenFrom(earlier, pair.keyOffset)} already`,
        )
      } else if (pair.key === '<<') {
        refuse('merge keys are not part of YAML 1.2; what many entries share goes under defaults')
      } else if (pair.key === '__proto__') {
        refuse('this name is not allowed')
      } else yield pair
      if (earlier === undefined) offsets.set(pair.key, pair.keyOffset)
    }
  }
}
