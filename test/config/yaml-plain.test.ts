import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDocument } from '../../src/config/yaml-document.ts'
import { readPlain } from '../../src/config/yaml-plain.ts'

const indent = fc.oneof(
  { weight: 9, arbitrary: fc.constant('  ') },
  { weight: 1, arbitrary: fc.constantFrom('    ', '      ', ' ', '') },
)
const plain = fc.constantFrom(
  ...[
    'note',
    'a b',
    'null',
    'True',
    '0',
    '7',
    '30s',
    '1-2',
    '2026-12-25',
    '"a"',
    "''",
    '"a: #{"',
    '_a/b.c-d',
  ],
)
const odd = fc.constantFrom(
  ...[
    'https://x',
    'NULL',
    'false',
    'yes',
    '~',
    '007',
    '-1',
    '1.5',
    '1e3',
    '0x1F',
    '0o7',
    '1h30m',
    '.inf',
    '.5',
  ],
  ...['12345678901234567890', 'a#b', 'a #b', 'a, b', 'a: b', 'x:', '"a \\n"', "'it''s'", '""', '"a"b', '*a'],
  ...[
    '&a b',
    '!!str 5',
    '|',
    '>-',
    '- a',
    '-',
    '? a',
    '<<',
    '%',
    '@a',
    'é',
    '\u2028',
    '\t',
    '',
    'Null x',
    "'",
  ],
  ...[
    'a  b',
    'a -b',
    'a - b',
    '5mé',
    '1m 2',
    '__proto__',
    '/bin/date +%s',
    '"\t"',
    '"',
    '"\u2028"',
    '[',
    '}',
  ],
)
const word = fc.oneof({ weight: 12, arbitrary: plain }, { weight: 1, arbitrary: odd })
const { value } = fc.letrec<{ value: string; list: string; map: string }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, word, word, tie('list'), tie('map')),
  list: fc
    .tuple(fc.array(tie('value'), { maxLength: 3 }), fc.constantFrom(', ', ', ', ',', ' , ', ',\n    '))
    .map(([items, comma]) => `[${items.join(comma)}]`),
  map: fc
    .tuple(fc.array(fc.tuple(word, tie('value')), { maxLength: 3 }), fc.constantFrom('{ ', '{'))
    .map(([pairs, open]) => `${open}${pairs.map(([key, each]) => `${key}: ${each}`).join(', ')} }`),
}))
const remark = fc.constantFrom('', '', '', '', '', '', ' ', ' # why', '# why', '\t')
const line = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(indent, word, value, remark).map(([i, k, v, r]) => `${i}${k}: ${v}${r}`) },
  {
    weight: 2,
    arbitrary: fc.tuple(indent, word, remark, word).map(([i, k, r, v]) => `${i}${k}:${r}\n${i}  ${k}: ${v}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(indent, fc.constantFrom('# why', '# why', '', '', '- a', '...', '}'))
      .map((p) => p.join('')),
  },
)
const text = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 4 }), fc.constantFrom('\n', '\n', '\r\n'), fc.boolean())
  .map(([lines, newline, ends]) => lines.join(newline) + (ends ? newline : ''))

describe('what is read as plain', () => {
  it('is what the parser of all of YAML reads, at the same places', () => {
    let read = 0
    fc.assert(
      fc.property(text, fc.nat(9), (written, shift) => {
        const plain = readPlain(written, shift)
        if (plain) read++
        if (plain) expect(plain).toEqual(parseDocument(written, shift))
      }),
      { numRuns: 5_000 },
    )
    expect(read).toBeGreaterThan(500)
  })

  it.each([
    [
      'an entry on one line',
      '  a: { cron: "0 2 * * *", task: note, args: [1, order, [x]], enabled: true }\n',
    ],
    [
      'an entry on several',
      '  a: # why\n    every: 30s\n\n    task: note\n    args: []\n  b.c/d:\n    every: 1h30m # why\n',
    ],
    ['without a last newline', "  a: { at: '2026-12-25T10:00:00Z', kwargs: {} }"],
    ['lines that end as those of Windows', '  a:\r\n    every: 30s\r\n'],
  ])('%s is', (_, written) => {
    const plain = readPlain(written, 0)
    expect(plain).toBeDefined()
    expect(plain).toEqual(parseDocument(written, 0))
  })
})
