/** The program of a thread that hosts tasks. */
import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import type { CellOrder, CellReport } from './cell.ts'
import { TaskHost } from './task-host.ts'
import { type FromThread, Unread, weightOf } from './thread-link.ts'

const port = parentPort
if (!port) throw new Error('this is the program of a thread')
const unread = new Unread(workerData)

function send(message: FromThread): void {
  const weight = weightOf(message)
  if (weight > 0) unread.add(weight)
  port?.postMessage(message)
}

const host = new TaskHost({
  report: (report: CellReport) => send({ kind: 'report', report }),
  memory: () => {
    const { used_heap_size, external_memory } = getHeapStatistics()
    return used_heap_size + external_memory
  },
})
port.on('message', (order: CellOrder) => host.take(order))

/** The largest piece in which output travels. */
const piece = 65_536

type Written = (error?: Error | null) => void

/**
 * Output travels by the same way as everything else, in order, and whoever writes waits while it is not read: a loop
 * that prints without end must fill no memory, that of the worker least of all.
 */
for (const stream of ['stdout', 'stderr'] as const) {
  process[stream].write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | Written,
    written?: Written,
  ): boolean => {
    if (typeof chunk === 'string' && chunk.length <= piece && typeof encoding !== 'string')
      send({ kind: 'printed', stream, chunk })
    else {
      const bytes =
        typeof chunk === 'string'
          ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8')
          : chunk
      for (let at = 0; at < bytes.length; at += piece)
        send({ kind: 'printed', stream, chunk: Uint8Array.prototype.slice.call(bytes, at, at + piece) })
    }
    const done = typeof encoding === 'function' ? encoding : written
    if (done) process.nextTick(done)
    return true
  }
}
