/**
 * Listens to errors that nobody has caught: promises that were left alone, and what callbacks throw. Dispose ends it,
 * and then they end the process, as they do by themselves.
 */
export function listenToStrays(stray: (error: unknown) => void): Disposable {
  process.on('uncaughtException', stray)
  process.on('unhandledRejection', stray)
  return {
    [Symbol.dispose]: () => {
      process.off('uncaughtException', stray)
      process.off('unhandledRejection', stray)
    },
  }
}
