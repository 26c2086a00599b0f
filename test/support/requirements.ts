import type { TestContext } from 'vitest'

/** Ends the test as skipped, with the reason, on a person's machine; where CI=true a missing requirement is a failure. */
export function requires(context: Pick<TestContext, 'skip'>, met: boolean, reason: string): void {
  if (met) return
  if (process.env.CI === 'true') throw new Error(`this test needs what CI has to have: ${reason}`)
  context.skip(reason)
}
