import { chmodSync, closeSync, existsSync, type FSWatcher, openSync, watch, writeSync } from 'node:fs'

/**
 * How processes that share a database wake each other: whoever has committed something writes one byte into a file,
 * and the kernel tells (inotify) those who watch it. Nobody polls. A wake-up says only "look again"; it carries
 * nothing, and may come without cause. Where somebody removes the file, those who watch it make it again.
 */
export class WakeFile {
  readonly #path: string
  #mayCreate = false

  constructor(path: string) {
    this.#path = path
  }

  /** Makes the file if it is missing; for those who may create files. */
  create(): void {
    this.#mayCreate = true
    if (existsSync(this.#path)) return
    closeSync(openSync(this.#path, 'a', 0o660))
    chmodSync(this.#path, 0o660)
  }

  /**
   * Wakes everybody who watches. Overwriting the same byte needs no room on the disk. A bell that cannot be rung
   * undoes nothing: what was committed is found at the watchers' next look.
   */
  ring(): void {
    try {
      const file = openSync(this.#path, 'r+')
      try {
        writeSync(file, '.', 0)
      } finally {
        closeSync(file)
      }
    } catch {
      // See above; the commit before it has succeeded and its caller must hear just that.
    }
  }

  /**
   * Calls `wake` whenever somebody rings, until the returned handle is disposed. `fail` is called once if the kernel
   * will not tell any more (too many watches, the file was removed and cannot be made again): then the caller has to
   * look by itself.
   */
  watch(wake: () => void, fail: (error: unknown) => void): Disposable {
    let watcher: FSWatcher | undefined
    const watchAgain = (): void => {
      watcher?.close()
      try {
        if (this.#mayCreate) this.create()
        watcher = watch(this.#path, { persistent: false })
      } catch (error) {
        fail(error)
        return
      }
      watcher.on('error', fail)
      watcher.on('change', (change) => {
        if (change === 'rename') watchAgain()
        wake()
      })
    }
    watchAgain()
    return { [Symbol.dispose]: () => watcher?.close() }
  }
}
