import type { YAMLError } from 'yaml'
import { SourceText } from './source-text.ts'
import { quoted } from './yaml-node.ts'
import type { Refusal } from './yaml-refusal.ts'

/** A parser that lost its way finds fault with much of what follows; the first few say it all. */
const mostExplained = 20

/** Syntax errors in words that help: one a line, what YAML reads differently than its writer named first. */
export function explainSyntax(errors: readonly YAMLError[], text: string): readonly Refusal[] {
  const source = new SourceText('', text)
  const byLine = new Map<number, Refusal>()
  for (const error of errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const offset = Math.min(error.pos[0], text.length)
    const line = source.lineOf(offset)
    if (!byLine.has(line)) byLine.set(line, explain(error, offset, source, line))
    if (byLine.size === mostExplained) break
  }
  return [...byLine.values()]
}

function explain(error: YAMLError, offset: number, source: SourceText, line: number): Refusal {
  const text = source.lineText(line)
  const lineStart = offset - (source.position(offset).column - 1)
  for (const { pattern, reason } of unquoted) {
    const match = pattern.exec(text)
    const value = match?.[1]?.trimEnd()
    if (!match || !value) continue
    const at = lineStart + match.index + match[0].length - (match[1]?.length ?? 0)
    return { offset: at, message: `${reason(value)} must be quoted: write ${quoted(value)}` }
  }
  const end = source.text.trimEnd().length
  const reason =
    inOurWords[error.code] ?? `not YAML: ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`
  if (offset < end) return { offset, message: reason }
  return { offset: end, message: `${reason}; the file ends here, is it complete?` }
}

const inOurWords: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BAD_INDENT: 'this is not indented as what it belongs to, or a bracket before it is not closed',
  BLOCK_AS_IMPLICIT_KEY:
    'a second ": " on one line: quote the text, or begin the inner map on a line of its own',
  NON_STRING_KEY: 'a key must be a text',
  TAB_AS_INDENT: 'a tab does not indent in YAML: write spaces',
  UNEXPECTED_TOKEN:
    'this does not belong here: a bracket or a quote is missing before it, or is one too many',
}

/** What people write without quotes and YAML takes for something else. */
const unquoted: readonly { readonly pattern: RegExp; readonly reason: (value: string) => string }[] = [
  {
    // An alias, reserved characters, a complex key: cron rules begin so. A lone *word may well be an alias.
    pattern: /(?:^|[:,[{-])\s+(?!\*[\w.-]+\s*(?:[,\]}#]|$))([*@`%?][^#,}\]]*)/,
    reason: (value) => `a text that begins with ${value[0]}`,
  },
  { pattern: /[[,{]\s*(-)(?=\s*[,\]}])/, reason: () => 'a lone - between brackets' },
  {
    pattern: /[[,:{]\s*([^\s"',[\]{}]*\$\{[^}]*\}[^\s,\]}]*)/,
    reason: () => 'a text with { and } between brackets',
  },
]
