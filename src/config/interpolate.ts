/** A text with its variables put in, or why that cannot be. */
export type Interpolated =
  | { readonly value: string }
  | { readonly unset: readonly string[] }
  | { readonly malformed: string }

const variable = /\$(\$\{)|\$\{([^}]*)(\}?)/g
const reference = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

/**
 * Puts the environment into a text: `${NAME}`, and `${NAME:-default}` for one that is unset or empty. `$${` writes
 * `${`. Nothing else is special, and what was put in is not looked at again.
 */
export function interpolate(text: string, env: Readonly<Record<string, string | undefined>>): Interpolated {
  const unset: string[] = []
  let malformed: string | undefined
  const value = text.replaceAll(variable, (whole, escaped?: string, inside = '', end?: string) => {
    if (escaped) return escaped
    const [, name, fallback] = (end && reference.exec(inside)) || []
    if (name === undefined) {
      malformed ??= whole
      return ''
    }
    const found = env[name]
    if (fallback !== undefined) return found || fallback
    if (found === undefined) unset.push(name)
    return found ?? ''
  })
  if (malformed !== undefined) return { malformed }
  return unset.length > 0 ? { unset } : { value }
}
