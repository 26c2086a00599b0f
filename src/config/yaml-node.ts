import { withoutPasswords } from './without-passwords.ts'

/** What a YAML file says, as plain data that knows where it was said: offsets into the text. */
export type YamlNode = YamlMap | YamlList | YamlScalar

export interface YamlMap {
  readonly kind: 'map'
  readonly offset: number
  /** May be parsed while it is walked. */
  readonly pairs: Iterable<YamlPair>
}

export interface YamlPair {
  readonly key: string
  readonly keyOffset: number
  readonly value: YamlNode
}

export interface YamlList {
  readonly kind: 'list'
  readonly offset: number
  readonly items: readonly YamlNode[]
}

export interface YamlScalar {
  readonly kind: 'scalar'
  readonly offset: number
  /** By the YAML 1.2 core schema. */
  readonly value: string | number | boolean | null
  /** As written, quotes and escapes resolved: `0644` stays `0644`. */
  readonly source: string
}

const longestShown = 60

/** What a node is, fit to follow "got": `"hourly"`, `30`, `a list`, `nothing`. */
export function describeNode(node: YamlNode): string {
  if (node.kind === 'map') return isEmptyMap(node) ? 'an empty map' : 'a map'
  if (node.kind === 'list') return node.items.length === 0 ? 'an empty list' : 'a list'
  if (node.value === null && node.source === '') return 'nothing'
  return typeof node.value === 'string' ? quoted(node.source) : shortened(node.source)
}

export function isEmptyMap(map: YamlMap): boolean {
  for (const _ of map.pairs) return false
  return true
}

export function hasKey(map: YamlMap, key: string): boolean {
  for (const pair of map.pairs) if (pair.key === key) return true
  return false
}

/** Text for a message: in quotes, and no longer than fits a line. */
export function quoted(text: string): string {
  return `"${shortened(text)}"`
}

function shortened(text: string): string {
  // Before it is cut: then nobody could tell a password.
  const shown = withoutPasswords(text)
  return text.length > longestShown ? `${shown.slice(0, longestShown)}…` : shown
}
