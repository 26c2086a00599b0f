/** A timer that only has to be there. */
const longest = 2 ** 31 - 1

/** Keeps the process alive until it is settled: an open connection to the broker does not. */
export async function attend<T>(work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => {}, longest)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}
