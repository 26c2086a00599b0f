/** The program of a thread that hosts tasks. */
import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { captureOutput } from './capture-output.ts'
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

captureOutput((stream, chunk) => send({ kind: 'printed', stream, chunk }))
