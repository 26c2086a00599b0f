import { instant } from '../core/instant.ts'
import { type KeptResult, parseRunResult } from '../task/run-result.ts'
import { parseJson } from './recorded-verdict.ts'

/** The result of a row, as it was stored; undefined when there is none, or when what is there is none. */
export function parseResult(body: string | null, forgetAt: number | null): KeptResult | undefined {
  if (body === null || forgetAt === null) return undefined
  const result = parseRunResult(parseJson(body))
  return 'problem' in result ? undefined : { result, forgetAt: instant(forgetAt) }
}
