/** Deeper than this nobody who means well nests headers; what lies below is left out. */
const deepest = 16

/**
 * A copy of a table of headers: own keys only, without a prototype, all the way down. amqplib writes what it inherits
 * too, and reads a header named `__proto__` into the prototype; neither gets past this.
 */
export function copyTable(table: object | undefined, depth = 0): Record<string, unknown> {
  const copy: Record<string, unknown> = Object.create(null)
  if (table)
    for (const [key, value] of Object.entries(table)) {
      if (typeof value !== 'object' || value === null) copy[key] = value
      else if (depth < deepest) copy[key] = copyValue(value, depth + 1)
    }
  return copy
}

function copyValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return depth < deepest ? value.map((item) => copyValue(item, depth + 1)) : []
  return copyTable(value, depth)
}
