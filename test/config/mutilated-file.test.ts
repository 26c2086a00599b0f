import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { it } from 'vitest'
import { renderProblem } from '../../src/config/problem.ts'
import { readText } from './read-text.ts'

const example = readFileSync(join(import.meta.dirname, '../../schedules.example.yaml'), 'utf8')
const snippet = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  ': ',
  '\n',
  '  ',
  '- ',
  '*',
  '&a ',
  '|',
  '#',
  '? ',
  '!!x ',
  '\t',
  '---\n',
  'é',
  '\u2028',
  '~',
  '0',
)

it('whatever happens to a file, it is accepted or refused, with every problem inside it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(example.length), fc.nat(6), snippet), { minLength: 1, maxLength: 4 }),
      (changes) => {
        let text = example
        for (const [at, removed, added] of changes)
          text = text.slice(0, at) + added + text.slice(at + removed)
        const loaded = readText(text)
        if ('settings' in loaded) return true
        const lines = text.split('\n')
        return loaded.problems.every((problem) => {
          const line = lines[(problem.line ?? 0) - 1]
          return (
            line !== undefined &&
            (problem.column ?? 0) <= line.length + 1 &&
            renderProblem(problem).length < 1_000
          )
        })
      },
    ),
    { numRuns: 300 },
  )
})
