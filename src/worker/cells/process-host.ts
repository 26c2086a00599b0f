/** The program of a process that hosts tasks. */
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { captureOutput } from './capture-output.ts'
import type { CellOrder } from './cell.ts'
import type { FromProcess } from './process-link.ts'
import { TaskHost } from './task-host.ts'

/** See process-cell.ts. */
const ordersPipe = 3
const reportsPipe = 4

const host = new TaskHost({
  report: (report) => send({ kind: 'report', report }),
  memory: () => process.memoryUsage.rss(),
})

captureOutput((stream, chunk) =>
  send(
    typeof chunk === 'string'
      ? { kind: 'printed', stream, text: chunk }
      : { kind: 'printed', stream, base64: Buffer.from(chunk).toString('base64') },
  ),
)

/** Waits until it is written: the pipe blocks. */
function send(message: FromProcess): void {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`)
  for (let at = 0; at < bytes.length; ) at += writeSync(reportsPipe, bytes, at)
}

const orders = createInterface({ input: new Socket({ fd: ordersPipe, readable: true, writable: false }) })
orders.on('line', (line) => host.take(JSON.parse(line) as CellOrder))
// Its worker is gone, and there is nobody left to tell. The guard kills what does not come to read this.
orders.once('close', () => process.kill(process.pid, 'SIGKILL'))
