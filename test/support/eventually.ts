import { setTimeout as delay } from 'node:timers/promises'

/** Asks again and again, for facts that nobody announces. Rejects when it has not become true in time. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false,
  options: { readonly withinMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const { withinMs = 30_000, everyMs = 20 } = options
  const giveUp = performance.now() + withinMs
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > giveUp)
      throw new Error(`within ${withinMs} ms it has not come to pass that ${what}`)
    await delay(everyMs)
  }
}
