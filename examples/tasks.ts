// Tasks in TypeScript, loaded as they are by the worker (`worker.modules` in schedules.example.yaml).
import { readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineTask, Permanent } from 'taskbeat'

/** Says how much room the files of a directory take, and which of them is the largest. */
export const usage = defineTask('report.usage', async (ctx, { directory }: { directory?: string } = {}) => {
  const folder = directory ?? tmpdir()
  const names = await readdir(folder).catch((error: Error) => {
    // Trying again will not make the directory appear.
    throw new Permanent(`cannot look into ${folder}: ${error.message}`)
  })
  let total = 0
  let largest = { name: '', bytes: 0 }
  for (const name of names) {
    ctx.signal.throwIfAborted()
    const bytes = (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0
    total += bytes
    if (bytes > largest.bytes) largest = { name, bytes }
  }
  ctx.log.info(`${folder}: ${names.length} names, ${total} bytes, largest ${largest.name || 'none'}`)
  return { names: names.length, total, largest }
})
