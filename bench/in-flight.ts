/** Does all of it, up to `most` at once, each as soon as there is room. */
export async function inFlight<T>(
  items: readonly T[],
  most: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let next = 0
  let done = 0
  const start = (): void => {
    const item = items[next++]
    if (item !== undefined) run(item).then(ended, reject)
  }
  const ended = (): void => {
    done++
    if (done === items.length) resolve()
    else start()
  }
  for (let count = 0; count < most; count++) start()
  await promise
}

/** How many of so many were done in a second. */
export async function rateOf(count: number, run: () => Promise<void>): Promise<number> {
  const begin = performance.now()
  await run()
  return (count / (performance.now() - begin)) * 1_000
}
