/** Deeper than this nobody who means well nests headers; what lies below is left out. */
const deepest = 16
/** In bytes. What was no UTF-8 has become longer by being read. */
const longestName = 255

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
  for (const [key, value] of Object.entries(table ?? {}))
    if (canBeCopied(value, depth) && fits(key)) copy[key] = copyValue(value, copyLeaf, depth + 1)
  return copy
}

function copyValue(value: unknown, copyLeaf: CopyLeaf, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return copyLeaf(value)
  if (Buffer.isBuffer(value)) return value
  if (Array.isArray(value))
    return value
      .filter((item) => canBeCopied(item, depth))
      .map((item) => copyValue(item, copyLeaf, depth + 1))
  return copyLevel(value, saysItsType(value) ? asItIs : copyLeaf, depth)
}

function canBeCopied(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth < deepest && (!saysItsType(value) || isOfAmqplib(value))
}

/** Three bytes are the most that a character of a text takes. */
function fits(name: string): boolean {
  return name.length * 3 <= longestName || Buffer.byteLength(name) <= longestName
}

interface Typed {
  readonly '!': unknown
  readonly value?: unknown
}

/** What amqplib writes as the type that it names. */
function saysItsType(value: object): value is Typed {
  return Object.hasOwn(value, '!')
}

/**
 * Whether it is one that amqplib makes of what it reads, kept as it gave it. Others are tables that somebody has sent: of
 * a type that there is not, amqplib throws, and what cannot be written cannot be given back, retried or set aside.
 */
function isOfAmqplib({ '!': type, value }: Typed): boolean {
  if (type === 'timestamp') return isWhole(value, Number.MAX_SAFE_INTEGER)
  if (type !== 'decimal' || typeof value !== 'object' || value === null) return false
  return (
    'digits' in value &&
    isWhole(value.digits, 0xffff_ffff) &&
    'places' in value &&
    isWhole(value.places, 0xff)
  )
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most
}
