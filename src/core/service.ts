/**
 * The contract of every long-lived part.
 *
 * `start` resolves once the part does its work in the background, and rejects if it cannot. `stop` resolves once it
 * has really stopped; it is harmless before start and harmless twice (the second call waits for the first), and it
 * hurries when `deadline` is aborted.
 */
export interface Service {
  readonly name: string
  start(): Promise<void>
  stop(deadline: AbortSignal): Promise<void>
}

/** Starts in order; if one fails, those already started are stopped in reverse order and its error is thrown. */
export async function startAll(services: readonly Service[]): Promise<void> {
  const started: Service[] = []
  try {
    for (const service of services) {
      await service.start()
      started.push(service)
    }
  } catch (error) {
    await stopAll(started, AbortSignal.timeout(5_000))
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
