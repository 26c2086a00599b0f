import type { Report } from './report.ts'
import type { YamlMap, YamlNode, YamlPair } from './yaml-node.ts'
import { describeNode } from './yaml-node.ts'

/** The maps that included files may add to, name by name; whatever else there is to say is said in the main file. */
const shared: readonly string[] = ['schedules', 'tasks', 'queues']

/**
 * The main file's root with the names of the included ones put behind its own. That a name is there twice is found by
 * whoever walks the map, as within one file.
 */
export function mergeFiles(main: YamlMap, included: readonly YamlNode[], report: Report): YamlMap {
  const parts = included.flatMap((root) => sharedMaps(root, report))
  if (parts.length === 0) return main
  const pairs = [...main.pairs]
  for (const key of shared) {
    const more = parts.filter((pair) => pair.key === key)
    const [first] = more
    if (!first) continue
    const at = pairs.findIndex((pair) => pair.key === key)
    const own = pairs[at]
    if (!own) pairs.push({ ...first, value: join(more) })
    else if (own.value.kind === 'map') pairs[at] = { ...own, value: join([own, ...more]) }
  }
  return { ...main, pairs }
}

function sharedMaps(root: YamlNode, report: Report): readonly YamlPair[] {
  if (root.kind !== 'map') {
    report.problem(root.offset, '', `expected a map, got ${describeNode(root)}`)
    return []
  }
  const maps: YamlPair[] = []
  for (const pair of root.pairs) {
    const { key, keyOffset, value } = pair
    if (!shared.includes(key)) {
      const message = `an included file holds ${shared.slice(0, -1).join(', ')} and ${shared.at(-1)}; this belongs into the main one`
      report.problem(keyOffset, key, message)
    } else if (value.kind === 'map') maps.push(pair)
    else report.problem(value.offset, key, `expected a map, got ${describeNode(value)}`)
  }
  return maps
}

/** One map after the other; each may still be parsed while it is walked. */
function join(parts: readonly YamlPair[]): YamlMap {
  const maps = parts.map(({ value }) => value).filter((value) => value.kind === 'map')
  const pairs = {
    *[Symbol.iterator](): Generator<YamlPair> {
      for (const map of maps) yield* map.pairs
    },
  }
  return { kind: 'map', offset: maps[0]?.offset ?? 0, pairs }
}
