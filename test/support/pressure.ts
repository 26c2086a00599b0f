import { readFileSync } from 'node:fs'

/** For how long, in milliseconds, somebody on this machine has waited for a processor, or for the disk (proc(5), pressure). */
export function waitedMs(resource: 'cpu' | 'io'): number {
  try {
    const text = readFileSync(`/proc/pressure/${resource}`, 'utf8')
    return Number(/^some .*total=(\d+)/.exec(text)?.[1]) / 1_000
  } catch {
    return 0 // a kernel that does not tell
  }
}

/** Something could not be judged, because others wanted the machine as well. */
export class TooBusyError extends Error {
  override readonly name = 'TooBusyError'

  constructor(what: string) {
    super(`not judged on a busy machine: ${what}`)
  }
}
