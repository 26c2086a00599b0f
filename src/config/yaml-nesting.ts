/** How deep lists and maps may lie in each other. `yaml` itself has no limit and ends in a stack overflow. */
export const largestNesting = 64

/** Announces a scalar's text, whatever that text looks like. */
const scalarFollows = '\x1f'
const controls = new Set(['\x02', '\x18', scalarFollows])

/**
 * Watches the lexemes of a document go by and says which one opens a level too many. Flow collections are counted
 * by their brackets, block collections by the columns at which they begin.
 */
export function createNestingGuard(): (lexeme: string) => boolean {
  const blockColumns: number[] = []
  let flowDepth = 0
  let column = 0
  let startsNode = true
  let isScalar = false

  return (lexeme) => {
    if (isScalar) {
      isScalar = false
      return false
    }
    if (controls.has(lexeme)) {
      if (lexeme === scalarFollows) {
        isScalar = true
        open()
      }
      return tooDeep()
    }
    const first = lexeme[0]
    if (first === '\n' || first === '\r') {
      column = 0
      startsNode = true
      return false
    }
    if (first === ' ' || first === '\t') {
      column += lexeme.length
      return false
    }
    if (first !== '#') open()
    if (lexeme === '{' || lexeme === '[') flowDepth++
    else if (lexeme === '}' || lexeme === ']') flowDepth--
    startsNode = lexeme === '-' || lexeme === '?'
    column += lexeme.length
    return tooDeep()
  }

  /** The first thing on a line, or behind an indicator, closes the blocks that began at its column or further in. */
  function open(): void {
    if (!startsNode || flowDepth > 0) return
    startsNode = false
    while ((blockColumns.at(-1) ?? -1) >= column) blockColumns.pop()
    blockColumns.push(column)
  }

  function tooDeep(): boolean {
    return flowDepth + blockColumns.length > largestNesting
  }
}
