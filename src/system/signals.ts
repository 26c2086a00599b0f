export interface SignalHandlers {
  /** The first SIGTERM or SIGINT: end in order. */
  readonly stop: (signal: NodeJS.Signals) => void
  /** Each further one: end now. */
  readonly hurry: (signal: NodeJS.Signals) => void
  /** SIGHUP: read the configuration again. */
  readonly reload: () => void
}

const stopping = ['SIGTERM', 'SIGINT'] as const

/**
 * Listens to the signals that a service gets; dispose ends it and restores what they do by themselves.
 *
 * SIGPIPE is not among them: Node ignores it already, and a reader that has gone away (`taskbeat runs | head`) is told
 * to whoever writes, as EPIPE.
 */
export function listenToSignals(handlers: SignalHandlers): Disposable {
  let stopped = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopped) handlers.hurry(signal)
    else handlers.stop(signal)
    stopped = true
  }
  const reload = (): void => handlers.reload()
  for (const signal of stopping) process.on(signal, stop)
  process.on('SIGHUP', reload)
  return {
    [Symbol.dispose]: () => {
      for (const signal of stopping) process.off(signal, stop)
      process.off('SIGHUP', reload)
    },
  }
}
