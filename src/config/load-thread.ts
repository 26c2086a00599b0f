import { parentPort, workerData } from 'node:worker_threads'
import type { FromThread } from './load-in-thread.ts'
import { parseBytes } from './parse-settings.ts'

/** So much at once that receiving it takes a few milliseconds. */
const portion = 1_000

// The parser asks process.env for a debugging switch at every token, which takes a third of its time; in a thread of
// our own it may have an empty one.
process.env = {}

function send(message: FromThread): void {
  parentPort?.postMessage(message)
}

const loaded = await parseBytes(workerData)
if ('problems' in loaded) {
  send({ kind: 'end', loaded })
} else {
  const { schedules, tasks } = loaded.settings
  for (let at = 0; at < schedules.length; at += portion)
    send({ kind: 'entries', entries: schedules.slice(at, at + portion) })
  for (let at = 0; at < tasks.length; at += portion)
    send({ kind: 'tasks', tasks: tasks.slice(at, at + portion) })
  send({ kind: 'end', loaded: { ...loaded, settings: { ...loaded.settings, schedules: [], tasks: [] } } })
}
