import { test } from 'vitest'
import { TooBusyError } from './pressure.ts'
import { requires } from './requirements.ts'

/** A test that judges how late things are, and tells what it measured; it needs a machine that is not busy. */
export function judgingTime(title: string, measure: () => Promise<object>, withinMs: number): void {
  test(
    title,
    async (context) => {
      try {
        await context.annotate(JSON.stringify(await measure()))
      } catch (error) {
        if (!(error instanceof TooBusyError)) throw error
        requires(context, false, `a machine that is not busy: ${error.message}`)
      }
    },
    withinMs,
  )
}
