import { Worker } from 'node:worker_threads'
import { systemClock } from '../../core/clock.ts'
import { milliseconds } from '../../core/instant.ts'
import { describeThrown } from '../executors/thrown.ts'
import type { Cell, CellListener, CellOrder, CellReport, OpenCell } from './cell.ts'
import type { CellOptions } from './cell-options.ts'
import { HeapWatch, type WatchedHeap } from './heap-watch.ts'
import { isFromThread, Unread, weightOf } from './thread-link.ts'

/** Between the limit that is kept, and that at which V8 itself acts, see heap-watch.ts. */
const leeway = 1_073_741_824

/** How long a thread may take to end; one that does not is stuck, see cell.ts. */
const terminatePatience = milliseconds(1_000)

/** Opens cells that are threads of this process. */
export function threadCells(options: CellOptions): OpenCell {
  const watch = new HeapWatch(systemClock)
  return (listener, heapBytes) => new ThreadCell(options, listener, heapBytes, watch)
}

class ThreadCell implements Cell {
  readonly #thread: Worker
  readonly #gone: Promise<boolean>
  readonly #heap: WatchedHeap
  readonly #watch: HeapWatch

  constructor(
    { environment, guard }: CellOptions,
    listener: CellListener,
    heapBytes: number,
    watch: HeapWatch,
  ) {
    const guarded = guard.announce()
    const counter = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const unread = new Unread(counter)
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const thread = new Worker(new URL(`./thread-host.${extension}`, import.meta.url), {
      workerData: counter,
      env: { ...environment, ...guarded.environment },
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil((heapBytes + leeway) / 1_048_576) },
    })
    this.#thread = thread
    let reason: string | undefined
    const tooMuch = `its heap has grown beyond ${Math.round(heapBytes / 1_048_576)} MiB`
    this.#watch = watch
    this.#heap = {
      limit: heapBytes,
      measure: async () => (await thread.getHeapStatistics()).used_heap_size,
      overstepped: () => {
        reason = tooMuch
        void thread.terminate()
      },
    }
    thread.on('message', (message: unknown) => {
      if (!isFromThread(message)) return
      const weight = weightOf(message)
      if (weight > 0) unread.subtract(weight)
      if (message.kind === 'report') this.#take(message.report, listener)
      else listener.printed(message.stream, Buffer.from(message.chunk as string))
    })
    // What goes round the thread's own `write`.
    for (const stream of ['stdout', 'stderr'] as const)
      thread[stream].on('data', (chunk: Buffer) => listener.printed(stream, chunk))
    thread.on('error', (error) => {
      reason = isOutOfMemory(error) ? tooMuch : describeThrown(error).reason
    })
    this.#gone = new Promise((resolve) => {
      thread.once('exit', (code) => {
        guarded.ended()
        watch.remove(this.#heap)
        listener.gone(reason ?? `it has ended its thread (exit code ${code})`)
        resolve(true)
      })
    })
    thread.unref()
  }

  order(order: CellOrder): void {
    if (order.kind !== 'abort') this.#watch.add(this.#heap)
    this.#thread.postMessage(order)
  }

  #take(report: CellReport, listener: CellListener): void {
    if (report.kind === 'ended' || report.kind === 'loaded') this.#watch.remove(this.#heap)
    listener.report(report)
  }

  async kill(): Promise<boolean> {
    const waited = new AbortController()
    void this.#thread.terminate()
    const late = systemClock.sleep(terminatePatience, waited.signal).then(() => false)
    const isGone = await Promise.race([this.#gone, late])
    waited.abort()
    return isGone
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}
