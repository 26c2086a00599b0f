import { fromText, type Kind, scalarSchema } from './kind.ts'
import type { Place } from './place.ts'
import { quoted } from './yaml-node.ts'

/** `~` and the like are texts here, whatever YAML makes of them. */
const asWrittenSchema = { type: [...scalarSchema.type, 'null'] }

/** A command and its arguments, each as written: `+14`, `0644` and `~` stay what they are. No shell looks at them. */
export const argv: Kind<readonly string[]> = {
  expected: 'a command as a list, [PROGRAM, ARGUMENT, …]',
  schema: { type: 'array', items: asWrittenSchema, minItems: 1 },
  read(at) {
    if (at.node.kind === 'scalar' && typeof at.node.value === 'string')
      return at.mismatch(this.expected, 'a line for the shell goes under shell:')
    if (at.node.kind !== 'list' || at.node.items.length === 0) return at.mismatch(this.expected)
    const items = at.node.items.map((node, index) => asWritten(at.item(index, node)))
    if (items[0] === '') return at.problem('the program has no name')
    return items.every((item) => item !== undefined) ? items : undefined
  },
}

/** A line or a script for the shell. */
export const script: Kind<string> = fromText('a script for the shell', (value) =>
  value.trim() === '' || value.includes('\0') ? {} : { value },
)

/** Who a command runs as: a name that is no option of a program, and one field of passwd(5). */
export const userName: Kind<string> = fromText('the name of a user', (value) =>
  /^[^-:/\s\p{C}][^:/\s\p{C}]{0,255}$/u.test(value) ? { value } : {},
)

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Environment variables, their values as written. */
export const variables: Kind<Readonly<Record<string, string>>> = {
  expected: 'a map of NAME: value',
  schema: {
    type: 'object',
    propertyNames: { pattern: '^(?!TASKBEAT_)[A-Za-z_][A-Za-z0-9_]*$' },
    additionalProperties: asWrittenSchema,
  },
  read(at) {
    if (at.node.kind !== 'map') return at.mismatch(this.expected)
    const values: Record<string, string> = {}
    for (const pair of at.pairs(at.node)) {
      const place = at.at(pair.key, pair.value)
      if (!variableName.test(pair.key))
        place.problem(`expected the name of a variable, got ${quoted(pair.key)}`, pair.keyOffset)
      else if (pair.key.startsWith('TASKBEAT_'))
        place.problem('variables that begin with TASKBEAT_ are set by taskbeat', pair.keyOffset)
      const value = asWritten(place)
      if (value !== undefined) values[pair.key] = value
    }
    return values
  },
}

function asWritten(at: Place): string | undefined {
  const { node } = at
  if (node.kind !== 'scalar' || (node.value === null && node.source === ''))
    return at.mismatch('a text or a number', 'an empty text is written ""')
  return node.source.includes('\0') ? at.problem('no command can be given a NUL character') : node.source
}
