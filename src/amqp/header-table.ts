/** Deeper than this nobody who means well nests headers; what lies below is left out. */
const deepest = 16

/**
 * A copy of a table of headers: own keys only, without a prototype, all the way down. amqplib writes what it inherits
 * too, and reads a header named `__proto__` into the prototype; neither gets past this.
 */
export function copyTable(table: object | undefined): Record<string, unknown> {
  return copyLevel(table, asItIs, 0)
}

/**
 * A copy to be written. amqplib writes a whole number in as few bytes as it can, and gives those of two the tag `s`,
 * which is a short string to Python's client: it loses its place in the frame, and the Celery worker that read it dies,
 * as does every other that the message comes to. So all get four bytes where that is enough.
 */
export function tableToWrite(table: object | undefined): Record<string, unknown> {
  return copyLevel(table, inFourBytes, 0)
}

type CopyLeaf = (leaf: unknown) => unknown

const asItIs: CopyLeaf = (leaf) => leaf
const inFourBytes: CopyLeaf = (leaf) =>
  typeof leaf === 'number' && (leaf | 0) === leaf ? { '!': 'int', value: leaf } : leaf

function copyLevel(table: object | undefined, copyLeaf: CopyLeaf, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = Object.create(null)
  if (table)
    for (const [key, value] of Object.entries(table)) {
      if (typeof value !== 'object' || value === null) copy[key] = copyLeaf(value)
      else if (depth < deepest) copy[key] = copyValue(value, copyLeaf, depth + 1)
    }
  return copy
}

function copyValue(value: unknown, copyLeaf: CopyLeaf, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return copyLeaf(value)
  if (Buffer.isBuffer(value)) return value
  if (Array.isArray(value))
    return depth < deepest ? value.map((item) => copyValue(item, copyLeaf, depth + 1)) : []
  // What says its type itself (a timestamp, a decimal) is kept as amqplib gave it.
  return copyLevel(value, Object.hasOwn(value, '!') ? asItIs : copyLeaf, depth)
}
