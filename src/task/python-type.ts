/** The types that kombu wraps from 5.3 on: `{"__type__": "uuid", "__value__": {"hex": …}}`. */
const pythonTypes = new Set(['datetime', 'date', 'time', 'decimal', 'uuid', 'bytes', 'base64'])

/**
 * Whether somewhere in it is a map of just `__type__` and `__value__` that Python would take for a value of a type that
 * it does not know, and refuse; there is no way to write such a map otherwise.
 */
export function hasUnknownPythonType(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const keys = Object.keys(value)
  if (!Array.isArray(value) && keys.length === 2 && '__type__' in value && '__value__' in value) {
    if (typeof value.__type__ !== 'string' || !pythonTypes.has(value.__type__)) return true
  }
  return Object.values(value).some(hasUnknownPythonType)
}
