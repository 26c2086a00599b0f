import { Worker } from 'node:worker_threads'
import type { EntrySpec } from '../schedule/entry-spec.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import type { Loaded } from './load-settings.ts'
import type { ParseBytes } from './parse-settings.ts'
import { createSharer } from './share-entries.ts'

/** What the thread sends: entries and tasks in portions, then the rest of the settings, or the problems. */
export type FromThread =
  | { readonly kind: 'entries'; readonly entries: readonly EntrySpec[] }
  | { readonly kind: 'tasks'; readonly tasks: readonly TaskDefinition[] }
  | { readonly kind: 'end'; readonly loaded: Loaded }

/**
 * Reads a configuration in a thread of its own, so that whoever waits for it can go on with its work, and the memory
 * that it takes, many times the file, is given back (by V8, some seconds after the thread has ended). The bytes are
 * handed over and gone.
 */
export function loadInThread(options: ParseBytes): Promise<Loaded> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const thread = new Worker(new URL(`./load-thread.${extension}`, import.meta.url), {
    workerData: options,
    transferList: [options.bytes.buffer],
  })
  const share = createSharer()
  const entries: EntrySpec[] = []
  const tasks: TaskDefinition[] = []
  return new Promise((resolve, reject) => {
    thread.on('message', (message: FromThread) => {
      if (message.kind === 'entries') for (const entry of message.entries) entries.push(share(entry))
      else if (message.kind === 'tasks') for (const task of message.tasks) tasks.push(task)
      else resolve(withPortions(message.loaded, entries, tasks))
    })
    thread.once('error', reject)
    thread.once('exit', () =>
      reject(new Error('the thread that reads the configuration ended without a word')),
    )
  })
}

function withPortions(
  loaded: Loaded,
  schedules: readonly EntrySpec[],
  tasks: readonly TaskDefinition[],
): Loaded {
  if ('problems' in loaded) return loaded
  return { ...loaded, settings: { ...loaded.settings, schedules, tasks } }
}
