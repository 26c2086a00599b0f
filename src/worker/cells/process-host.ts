/** The program of a process that hosts tasks. */
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { CellOrder, CellReport } from './cell.ts'
import { TaskHost } from './task-host.ts'

/** See process-cell.ts. */
const ordersPipe = 3
const reportsPipe = 4

const host = new TaskHost({
  report: (report: CellReport) => writeLine(`${JSON.stringify(report)}\n`),
  memory: () => process.memoryUsage.rss(),
})

/** Waits until it is written: the pipe blocks. */
function writeLine(line: string): void {
  const bytes = Buffer.from(line)
  for (let at = 0; at < bytes.length; ) at += writeSync(reportsPipe, bytes, at)
}

const orders = createInterface({ input: new Socket({ fd: ordersPipe, readable: true, writable: false }) })
orders.on('line', (line) => host.take(JSON.parse(line) as CellOrder))
// Its worker is gone, and there is nobody left to tell. The guard kills what does not come to read this.
orders.once('close', () => process.kill(process.pid, 'SIGKILL'))
