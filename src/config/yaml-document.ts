import { Composer, type Document, Lexer, Parser, type YAMLError } from 'yaml'
import { convertNode } from './yaml-conversion.ts'
import { createNestingGuard, largestNesting } from './yaml-nesting.ts'
import type { YamlNode } from './yaml-node.ts'
import type { Refusal } from './yaml-refusal.ts'
import { explainSyntax } from './yaml-syntax-hint.ts'

/**
 * One document of YAML 1.2 core, or why it is not: located in the text, moved by `shift`.
 * An empty text gives undefined.
 *
 * Duplicate keys are left to the reader: `yaml` compares each with each, which takes minutes for 100,000.
 */
export function parseDocument(text: string, shift: number): YamlNode | undefined | readonly Refusal[] {
  const composed = compose(text)
  if ('refusals' in composed) return moved(composed.refusals, shift)
  if (!composed.document?.contents) return undefined
  return convertNode(composed.document.contents, shift)
}

/** Whether it was refused. */
export function isRefused(result: YamlNode | undefined | readonly Refusal[]): result is readonly Refusal[] {
  return Array.isArray(result)
}

type Composed = { readonly document: Document.Parsed | undefined } | { readonly refusals: readonly Refusal[] }

function compose(text: string): Composed {
  const parser = new Parser()
  const composer = new Composer({
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'silent',
  })
  const isTooDeep = createNestingGuard()
  const documents: Document.Parsed[] = []
  for (const lexeme of new Lexer().lex(text)) {
    if (isTooDeep(lexeme))
      return refused(parser.offset, `lists and maps are nested deeper than ${largestNesting} levels`)
    for (const token of parser.next(lexeme)) {
      if (token.type === 'directive')
        return refused(token.offset, 'directives are not supported: the file is read as YAML 1.2')
      documents.push(...composer.next(token))
    }
  }
  for (const token of parser.end()) documents.push(...composer.next(token))
  documents.push(...composer.end())
  return judge(documents, text, composer.streamInfo().errors)
}

function judge(documents: readonly Document.Parsed[], text: string, stray: readonly YAMLError[]): Composed {
  const [document, second] = documents
  // What is wrong in another document is not what is wrong with this file.
  const errors = [...(document?.errors ?? []), ...stray]
  if (errors.length > 0) return { refusals: explainSyntax(errors, text) }
  if (second)
    return refused(second.range[0], 'a second document begins here; a configuration is one document')
  return { document }
}

function refused(offset: number, message: string): Composed {
  return { refusals: [{ offset, message }] }
}

function moved(refusals: readonly Refusal[], shift: number): readonly Refusal[] {
  return shift === 0 ? refusals : refusals.map((each) => ({ ...each, offset: each.offset + shift }))
}
