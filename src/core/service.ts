/**
 * The contract of every long-lived part.
 *
 * `start` resolves once the part does its work in the background, and rejects if it cannot. `stop` resolves once it
 * has really stopped; it is harmless before start, after a start that failed and twice (the second call waits for the
 * first), and it hurries when `deadline` is aborted. Called during start it ends the start too, which then resolves.
 */
export interface Service {
  readonly name: string
  start(): Promise<void>
  stop(deadline: AbortSignal): Promise<void>
}

/** How long a start that has failed waits for what it had begun to end in order. */
const undoMs = 5_000

/**
 * Starts in order, and no further once `stopping` is aborted. If one fails, it and those before it are stopped in
 * reverse order, within five seconds or at once when `hurry` is aborted, and its error is thrown.
 */
export async function startAll(
  services: readonly Service[],
  { stopping, hurry }: { readonly stopping: AbortSignal; readonly hurry: AbortSignal },
): Promise<void> {
  const begun: Service[] = []
  try {
    for (const service of services) {
      if (stopping.aborted) return
      begun.push(service)
      await service.start()
    }
  } catch (error) {
    // What else goes wrong follows from that error, which is the one to be told.
    await stopAll(begun, AbortSignal.any([hurry, AbortSignal.timeout(undoMs)])).catch(() => {})
    throw error
  }
}

/** Stops in reverse order of start, all of them even when one fails; the first error is thrown at the end. */
export async function stopAll(services: readonly Service[], deadline: AbortSignal): Promise<void> {
  const errors: unknown[] = []
  for (const service of services.toReversed()) {
    try {
      await service.stop(deadline)
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}
