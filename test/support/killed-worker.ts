import { setTimeout as delay } from 'node:timers/promises'
import type { HostNote } from './hosts.ts'
import type { TaskbeatProcess } from './taskbeat-process.ts'
import type { World } from './world.ts'

/** A worker's death by SIGKILL, between these moments. */
export interface HostDeath {
  readonly host: number
  readonly from: number
  readonly to: number
  /** How many runs it was at. */
  readonly running: number
  /** Attempts (`ID ATTEMPT`) that had begun on this host, then or before, and of whose end its journal knew nothing. */
  readonly unended: ReadonlySet<string>
}

/** A host's worker that is killed and started again. */
export class KilledWorker {
  readonly deaths: HostDeath[] = []
  /** When it noticed that its connection was lost. */
  readonly losses: number[] = []
  readonly #world: World
  readonly #host: number
  #process: TaskbeatProcess | undefined

  constructor(world: World, host: number) {
    this.#world = world
    this.#host = host
  }

  async begin(): Promise<void> {
    this.#process = this.#world.worker()
    await this.#process.said(/^working on/)
  }

  /** Resolves when the next one works. */
  async kill(downMs: number): Promise<void> {
    const from = Date.now()
    await this.#process?.kill()
    this.#noteLosses()
    const to = Date.now()
    const sql = 'SELECT id, attempt, pid FROM attempts WHERE state = 0'
    const rows = this.#world.query<{ id: string; attempt: number; pid: number }>('journal', sql)
    const unended = new Set(rows.map(({ id, attempt }) => `${id} ${attempt}`))
    const running = rows.filter(({ pid }) => pid === this.#process?.pid).length
    this.deaths.push({ host: this.#host, from, to, running, unended })
    await delay(downMs)
    await this.begin()
  }

  /** SIGTERM. Gives what is wrong with how it ended. */
  async stop(): Promise<readonly string[]> {
    const { code, stderr } = (await this.#process?.stop()) ?? { code: 0, stderr: '' }
    this.#noteLosses()
    return code === 0 ? [] : [`the worker of host ${this.#host} ended with ${code}: ${stderr}`]
  }

  /** The same for the only worker of its host, of which nothing may be left. */
  async end(): Promise<readonly string[]> {
    return [...(await this.stop()), ...leftOn(this.#world, this.#host)]
  }

  #noteLosses(): void {
    const lines = this.#process?.log ?? []
    for (const { message, time } of lines) if (/^connection to .* lost/.test(message)) this.losses.push(time)
  }
}

/** What is wrong with a host without workers. */
export function leftOn(world: World, host: number): readonly string[] {
  const left = world.processesOfRuns()
  return left.length === 0 ? [] : [`processes are left on host ${host}: ${left}`]
}

/** What was begun in the moment of death is written down a little later than the death. */
const slackMs = 200

/** The first death of its worker after a run had begun. */
export function deathAfter(
  { host, at }: HostNote,
  deaths: readonly HostDeath[],
  withinMs: number = slackMs,
): HostDeath | undefined {
  return deaths.find((death) => death.host === host && at <= death.to + withinMs)
}
