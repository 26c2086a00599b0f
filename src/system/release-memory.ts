import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collects all garbage now and gives the memory back to the system. V8 keeps for minutes what it needed at its peak,
 * and loading a program and its schedule is a peak that may not come again for months: without it an idle beat or
 * worker is twice as large. It blocks for as long as a look at everything that lives takes: some 40 ms, and some 100 ms
 * for 100,000 entries.
 */
export function releaseMemory(): void {
  collect ??= exposeCollector()
  collect({ type: 'major', flavor: 'last-resort' })
}

type Collector = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void

let collect: Collector | undefined

/** The collector is a function that V8 shows only when asked to (`--expose-gc`), to contexts made afterwards. */
function exposeCollector(): Collector {
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc') as Collector
  } finally {
    setFlagsFromString('--no-expose-gc') // the threads of modules come after it
  }
}
