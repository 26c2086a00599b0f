import { describeThrown } from './executors/thrown.ts'

/** The first line of a syntax error's stack is the place, when Node knows it. */
const place = /^(?:file:\/\/)?(\/.*:\d+)$/

/** Why a module could not be imported: what was thrown and, for what is wrong in the text, where. */
export function describeImportError(error: unknown): string {
  const { reason, detail } = describeThrown(error)
  const at = place.exec(detail.split('\n', 1)[0] ?? '')?.[1]
  return at === undefined ? reason : `${reason} (${at})`
}
