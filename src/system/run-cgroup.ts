import { type FSWatcher, readFileSync, watch, writeFileSync } from 'node:fs'
import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exactEnvironment, type Program } from '../core/exact-environment.ts'
import { longestFarewell } from '../core/farewell.ts'
import type { Milliseconds } from '../core/instant.ts'

/**
 * POSIX sh. The command has not begun before it is inside, so nothing that it starts can be outside. Where it may not
 * enter it runs all the same, which is told when it has ended.
 */
const script = '{ echo 0 >"$1"; } 2>/dev/null; shift; exec /usr/bin/env -i -S "$@"'

export interface RunCgroupParts {
  /** It could not be removed, which may be tried again. */
  readonly onLeft: (cgroup: RunCgroup) => void
  /** What has run was never inside. */
  readonly onOutside: (run?: string) => void
}

/** A directory of cgroupfs that belongs to one run. */
export class RunCgroup {
  readonly #path: string
  readonly #parts: RunCgroupParts

  constructor(path: string, parts: RunCgroupParts) {
    this.#path = path
    this.#parts = parts
  }

  /** Through a shell, which the command sees nothing of. */
  enter(command: Program): Program {
    const { args, carried } = exactEnvironment(command)
    return {
      program: '/bin/sh',
      args: ['-c', script, 'taskbeat', this.#file('cgroup.procs'), ...args],
      env: {
        ...carried,
        // By these it is found from the first moment on, and no shell knows them.
        ...Object.fromEntries(Object.entries(command.env).filter(([name]) => name.startsWith('TASKBEAT_'))),
      },
    }
  }

  tellOutside(run?: string): void {
    if (!this.wasEntered()) this.#parts.onOutside(run)
  }

  /** Whether a process has ever been inside: by the processor time that it has taken there. */
  wasEntered(): boolean {
    try {
      return !/^usage_usec 0$/m.test(readFileSync(this.#file('cpu.stat'), 'latin1'))
    } catch {
      return false
    }
  }

  async end(patience: Milliseconds, now?: AbortSignal): Promise<void> {
    if (await this.remove()) return
    if (!(await this.#isEmptyWithin(patience, now))) {
      this.kill()
      await this.#isEmptyWithin(longestFarewell)
    }
    if (!(await this.remove())) this.#parts.onLeft(this)
  }

  /** Kills whatever is inside, and what it is just about to fork. */
  kill(): void {
    try {
      writeFileSync(this.#file('cgroup.kill'), '1')
    } catch {
      // It is gone, or of a kernel that cannot: nobody was let in then.
    }
  }

  /** False while a process is in it. */
  remove(): Promise<boolean> {
    return removeTree(this.#path)
  }

  /** The kernel tells of the end of the last one by a change of a file: nobody has to look again and again. */
  async #isEmptyWithin(length: Milliseconds, now?: AbortSignal): Promise<boolean> {
    if (length > 0 && !now?.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const done = (): void => resolve()
      const look = (): void => {
        if (this.#isEmpty()) done()
      }
      const timer = setTimeout(done, length)
      now?.addEventListener('abort', done, { once: true })
      using _watcher = this.#watch(look)
      look() // it may have been before anybody listened
      await promise
      clearTimeout(timer)
      now?.removeEventListener('abort', done)
    }
    return this.#isEmpty()
  }

  #watch(changed: () => void): Disposable {
    let watcher: FSWatcher | undefined
    try {
      watcher = watch(this.#file('cgroup.events'))
      watcher.on('change', changed)
      watcher.on('error', () => {}) // the time that it is given ends then without word
    } catch {
      // There are no watches left, or the cgroup is gone: the same.
    }
    return { [Symbol.dispose]: () => watcher?.close() }
  }

  #isEmpty(): boolean {
    try {
      return readFileSync(this.#file('cgroup.events'), 'latin1').includes('populated 0')
    } catch {
      return true // it is gone
    }
  }

  #file(name: string): string {
    return join(this.#path, name)
  }
}

/** A run may have made cgroups of its own within. */
async function removeTree(path: string): Promise<boolean> {
  if (await removeOne(path)) return true
  try {
    for (const entry of await readdir(path, { withFileTypes: true }))
      if (entry.isDirectory()) await removeTree(join(path, entry.name))
  } catch {
    // It is gone, or going.
  }
  return removeOne(path)
}

async function removeOne(path: string): Promise<boolean> {
  try {
    await rmdir(path)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
