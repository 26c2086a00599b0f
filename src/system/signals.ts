export interface SignalHandlers {
  /** The first SIGTERM or SIGINT: end in order. */
  readonly stop: (signal: NodeJS.Signals) => void
  /** Each further one: end now. */
  readonly hurry: (signal: NodeJS.Signals) => void
  /** SIGHUP: read the configuration again. */
  readonly reload: () => void
}

const heeded = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** What came since `holdSignals`, in order. Signals belong to the process, and so does this. */
let held: NodeJS.Signals[] | undefined

/**
 * From now on a signal that a service gets ends nothing: it waits for `listenToSignals`. For the moments in which a
 * service loads its own code, when whoever has started it may signal it already.
 */
export function holdSignals(): void {
  if (held) return
  held = []
  for (const signal of heeded) process.on(signal, hold)
}

function hold(signal: NodeJS.Signals): void {
  held?.push(signal)
}

/**
 * Listens to the signals that a service gets, those first that were held; dispose ends it and restores what they do by
 * themselves.
 *
 * SIGPIPE is not among them: Node ignores it already, and a reader that has gone away (`taskbeat runs | head`) is told
 * to whoever writes, as EPIPE.
 */
export function listenToSignals(handlers: SignalHandlers): Disposable {
  let stopped = false
  const heed = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGHUP') {
      handlers.reload()
    } else {
      if (stopped) handlers.hurry(signal)
      else handlers.stop(signal)
      stopped = true
    }
  }
  for (const signal of heeded) process.on(signal, heed)
  for (const signal of heeded) process.off(signal, hold)
  const earlier = held ?? []
  held = undefined
  for (const signal of earlier) heed(signal)
  return {
    [Symbol.dispose]: () => {
      for (const signal of heeded) process.off(signal, heed)
    },
  }
}
