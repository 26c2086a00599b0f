/**
 * How a service says what came of a reload, to whoever has asked for it by SIGHUP: by a file in its runtime directory.
 * `taskbeat reload` waits for it, and with it `systemctl reload`.
 */
import { globSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const fileName = 'reload.json'
const lookEveryMs = 20

/** An instant of the machine's monotonic clock, which all its processes share. */
export type MachineInstant = bigint

export interface ReloadAnswer {
  /** When the service was asked: every file that was written before it was read after it. */
  readonly asked: MachineInstant
  readonly loaded: boolean
}

export function machineNow(): MachineInstant {
  return process.hrtime.bigint()
}

/**
 * Writes it down. A directory that cannot be written leaves those who wait without an answer, and the service alone.
 */
export function answerReload(directory: string | undefined, { asked, loaded }: ReloadAnswer): void {
  if (!directory) return
  const path = join(directory, fileName)
  try {
    writeFileSync(`${path}.new`, JSON.stringify({ asked: String(asked), loaded }))
    renameSync(`${path}.new`, path)
  } catch {
    // See above.
  }
}

export interface ReloadWait {
  readonly since: MachineInstant
  readonly least: number
  readonly deadline: AbortSignal
}

/**
 * Waits for the answers of all services whose runtime directories match, and of `least` of them, to a reload that they
 * were asked for since then. Gives the directories of those that could not reload, and of those that have not answered in time.
 */
export async function awaitReloads(
  pattern: string,
  { since, least, deadline }: ReloadWait,
): Promise<{ readonly refused: readonly string[]; readonly silent: readonly string[] }> {
  for (;;) {
    const answers = globSync(join(pattern, fileName)).flatMap((path) => {
      const answer = readAnswer(path)
      return answer ? [{ directory: join(path, '..'), ...answer }] : []
    })
    const silent = answers.filter(({ asked }) => asked < since)
    if ((silent.length === 0 && answers.length >= least) || deadline.aborted) {
      const refused = answers.filter(({ asked, loaded }) => asked >= since && !loaded)
      const absent = answers.length < least ? [pattern] : []
      return { refused: directories(refused), silent: [...directories(silent), ...absent] }
    }
    await delay(lookEveryMs)
  }
}

function directories(answers: readonly { readonly directory: string }[]): readonly string[] {
  return answers.map(({ directory }) => directory)
}

/** Undefined when there is none, or none that we may read: a service that has just ended, or is another user's. */
function readAnswer(path: string): ReloadAnswer | undefined {
  try {
    const { asked, loaded } = JSON.parse(readFileSync(path, 'utf8')) as { asked: string; loaded: boolean }
    return { asked: BigInt(asked), loaded }
  } catch {
    return undefined
  }
}
