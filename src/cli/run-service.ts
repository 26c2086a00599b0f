import { describeError, TaskbeatError } from '../core/errors.ts'
import type { Service } from '../core/service.ts'
import { startAll, stopAll } from '../core/service.ts'
import { untilAborted } from '../core/until-aborted.ts'
import type { Line } from '../observe/line.ts'
import type { Log } from '../observe/log.ts'
import { LifeSigns, type Vitals } from '../system/life-signs.ts'
import { answerReload, machineNow } from '../system/reload-answer.ts'
import { openServiceManager } from '../system/service-manager.ts'
import { listenToSignals } from '../system/signals.ts'
import { listenToStrays } from '../system/strays.ts'
import { describeThrown } from '../worker/executors/thrown.ts'
import { exitCode, exitCodeOf } from './exit-code.ts'
import { leaveThreadsBehind } from './leave.ts'

/** Shown until a reload succeeds. */
const notReloaded = 'the last reload failed, what was loaded before stays'

/** A timer that throws goes on throwing while the rest ends in order. */
const mostStrays = 10

export interface StuckThreads {
  readonly stuck: number
  /** Aborted when there are too many: the services are stopped in order then, to be started again. */
  readonly exhausted: AbortSignal
}

export interface Run {
  /** Started in this order, stopped in reverse. */
  readonly services: readonly Service[]
  readonly log: Log
  /**
   * SIGHUP: reads the configuration and hands it on. Resolves with whether that
   * was done; tells its own troubles, never rejects.
   */
  readonly reload: () => Promise<boolean>
  /** What the service manager is told. */
  readonly vitals: Vitals
  /**
   * Whether modules of others run in this process. An error that nobody has caught is theirs then, and the services
   * are stopped in order; otherwise it is ours, and the process ends there and then.
   */
  readonly hostsModules: boolean
  /** Of a process with threads for modules, those that cannot be ended. */
  readonly threads?: StuckThreads
  /** Anything else that is to last as long as the services. */
  readonly whileRunning?: () => Disposable
}

/**
 * Runs services in the foreground until the first SIGTERM or SIGINT, then stops them in order; a second one means now.
 * Resolves with the exit code.
 *
 *   preparing ──▶ starting ──▶ running ──▶ stopping      a signal to stop leads to stopping from everywhere
 *
 * Signals are heeded from the first moment on: `prepare` reads the configuration, which may take a while. A SIGHUP that
 * comes before the services run is carried out when they do. Rejects with what `prepare` rejects with.
 *
 * The service manager is told of each step. `prepare` is handed what to call when the vitals have changed.
 */
export async function runServices(prepare: (changed: () => void) => Promise<Run>): Promise<number> {
  await using signs = new LifeSigns(openServiceManager(process.env))
  const stopping = new AbortController()
  const now = new AbortController()
  const reloads = new HeldCall()
  stopping.signal.addEventListener('abort', () => signs.stopping())
  using _signals = listenToSignals({
    stop: () => stopping.abort(),
    hurry: () => now.abort(),
    reload: () => reloads.call(),
  })
  if (stopping.signal.aborted) return exitCode.ok
  const prepared = await Promise.race([prepare(() => signs.changed()), untilAborted(stopping.signal)])
  if (!prepared) return exitCode.ok
  const { log, hostsModules } = prepared
  const strayed = Promise.withResolvers<number>()
  let code: number = exitCode.ok
  let strays = 0
  using _strays = listenToStrays((error) => {
    code = exitCode.failed
    strays++
    if (strays <= mostStrays) log.write(strayLine(error, hostsModules))
    if (hostsModules) stopping.abort()
    else strayed.resolve(code)
  })
  prepared.threads?.exhausted.addEventListener('abort', () => {
    code = exitCode.failed
    stopping.abort()
  })
  const lived = live(prepared, { stopping: stopping.signal, now: now.signal, reloads, signs })
  const ended = Math.max(await Promise.race([lived, strayed.promise]), code)
  return prepared.threads?.stuck ? leavingThreads(ended) : ended
}

function leavingThreads(code: number): number {
  leaveThreadsBehind()
  return code
}

interface Asked {
  readonly stopping: AbortSignal
  readonly now: AbortSignal
  readonly reloads: HeldCall
  readonly signs: LifeSigns
}

async function live(run: Run, { stopping, now, reloads, signs }: Asked): Promise<number> {
  const { services, log, reload, whileRunning, vitals } = run
  const stopAsked = untilAborted(stopping)
  const started = startAll(services, { stopping, hurry: now })
  try {
    await Promise.race([started, stopAsked])
  } catch (error) {
    log.write(errorLine('cannot start', error))
    return exitCodeOf(error)
  }
  {
    using _more = stopping.aborted ? undefined : whileRunning?.()
    if (!stopping.aborted) signs.ready(vitals)
    answerReload(runtimeDirectory(), { asked: machineNow(), loaded: true })
    reloads.answer(() => void reloadAndAnswer(reload, signs))
    await stopAsked
    reloads.answer(() => {})
  }
  try {
    await stopAll(services, now)
    await started
  } catch (error) {
    log.write(errorLine('stopped, but not in order', error))
    return exitCode.failed
  }
  return exitCode.ok
}

/** Whoever waits for the answer finds the unit active again: the service manager has heard of it before. */
async function reloadAndAnswer(reload: Run['reload'], signs: LifeSigns): Promise<void> {
  const asked = machineNow()
  let loaded = false
  await signs.reloading(async () => {
    loaded = await reload()
    return loaded ? undefined : notReloaded
  })
  answerReload(runtimeDirectory(), { asked, loaded })
}

/** What the unit has been given; the first, if there are several. */
function runtimeDirectory(): string | undefined {
  return process.env.RUNTIME_DIRECTORY?.split(':')[0]
}

/** A call that waits, once, for somebody to answer it. */
class HeldCall {
  #held = false
  #answer: (() => void) | undefined

  call(): void {
    if (this.#answer) this.#answer()
    else this.#held = true
  }

  /** Who answers from now on. */
  answer(answer: () => void): void {
    this.#answer = answer
    if (this.#held) answer()
    this.#held = false
  }
}

function errorLine(what: string, error: unknown): Line {
  const message = error instanceof TaskbeatError ? error.message : `${what}: ${describeError(error)}`
  return { level: 'error', message, fields: {} }
}

function strayLine(error: unknown, hostsModules: boolean): Line {
  const { reason, detail } = describeThrown(error)
  const whose = hostsModules ? 'a task module left an error behind' : 'a mistake of taskbeat itself'
  const then = hostsModules ? '; the process ends in order' : ''
  return { level: 'error', message: `${whose}: ${reason}${then}`, fields: { stack: detail } }
}
