import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../core/clock.ts'
import { milliseconds } from '../../core/instant.ts'
import { ProcessGroup } from '../executors/process-group.ts'
import type { GuardedRun } from '../process-guard.ts'
import type { RunCgroup } from '../run-cgroups.ts'
import type { Cell, CellListener, CellOrder, OpenCell } from './cell.ts'
import type { CellOptions } from './cell-options.ts'
import { type FromProcess, parseLine } from './process-link.ts'

/** How long the kernel may take to let go of what was killed. */
const killPatience = milliseconds(2_000)

/** How long what it wrote last may take to arrive, when it has ended by itself. */
const lastWords = milliseconds(200)

/**
 * Opens cells that are processes, each the leader of its own group. Where there are cgroups it has one for as long as
 * it lives: nothing that its tasks have started outlives it.
 */
export function processCells(options: CellOptions): OpenCell {
  return (listener, heapBytes) => {
    const guarded = options.guard.announce()
    const heap = Math.ceil(heapBytes / 1_048_576)
    const cgroup = options.cgroups?.openNow()
    const child = spawnHost({ ...options.environment, ...guarded.environment }, heap, cgroup)
    const end = async (): Promise<void> => {
      await cgroup?.end(milliseconds(0))
      guarded.ended()
    }
    return typeof child === 'string'
      ? new UnstartedCell(child, end, listener)
      : new ProcessCell(child, { guarded, cgroup, end, listener, heap })
  }
}

/** Text, the reason, when there are no files or no memory left for it; what else hinders it the child tells itself. */
function spawnHost(
  env: Readonly<Record<string, string>>,
  heap: number,
  cgroup: RunCgroup | undefined,
): ChildProcess | string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const host = fileURLToPath(new URL(`./process-host.${extension}`, import.meta.url))
  const own = { program: process.execPath, args: [`--max-old-space-size=${heap}`, host], env }
  const entering = cgroup?.enter(own) ?? own
  try {
    const child = spawn(entering.program, entering.args, {
      detached: true,
      env: entering.env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    })
    if (child.stdio !== undefined) return child
    child.once('error', () => {}) // the same once more
    return 'too many files are open'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Stands for a process that could not be started. */
class UnstartedCell implements Cell {
  constructor(reason: string, end: () => Promise<void>, listener: CellListener) {
    void end()
    setImmediate(() => listener.gone(reason))
  }

  order(): void {
    // nobody is there
  }

  kill(): Promise<boolean> {
    return Promise.resolve(true)
  }
}

interface ProcessCellParts {
  readonly guarded: GuardedRun
  readonly cgroup: RunCgroup | undefined
  /** Ends what is left of it. */
  readonly end: () => Promise<void>
  readonly listener: CellListener
  readonly heap: number
}

/**
 * Orders and reports travel as lines of JSON by pipes of their own (3 and 4). The process writes its reports without a
 * buffer, and its output among them: while nobody reads, it waits. Programs that it runs print to the usual pipes.
 */
class ProcessCell implements Cell {
  readonly #child: ChildProcess
  readonly #group: ProcessGroup | undefined
  readonly #gone: Promise<boolean>

  constructor(child: ChildProcess, { guarded, cgroup, end, listener, heap }: ProcessCellParts) {
    this.#child = child
    if (child.pid !== undefined) {
      this.#group = new ProcessGroup(child.pid)
      guarded.spawned(child.pid)
    }
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream]?.on('data', (chunk: Buffer) => listener.printed(stream, chunk)).on('error', () => {})
    this.#orders.on('error', () => {}) // it has ended, and its exit says so
    const reports = createInterface({ input: child.stdio[4] as Socket })
    reports.on('line', (line) => {
      const message = parseLine(line)
      if (message?.kind === 'printed') listener.printed(message.stream, bytesOf(message))
      else if (message && message.report.kind !== 'ended') listener.report(message.report)
      // What others printed before it said so, programs that it ran, is in the other pipes: they are read in this turn.
      else if (message) setImmediate(() => listener.report(message.report))
    })
    const told = new Promise((resolve) => reports.once('close', resolve))
    this.#gone = new Promise((resolve) => {
      const gone = async (how: string): Promise<void> => {
        await Promise.race([told, systemClock.sleep(lastWords)])
        await turn()
        for (const pipe of child.stdio) pipe?.destroy()
        await end()
        listener.gone(how)
        resolve(true)
      }
      child.once('error', (error) => void gone(error.message))
      child.once('exit', (code, signal) => {
        cgroup?.tellOutside()
        void gone(describeExit(code, signal, heap))
      })
    })
    child.unref()
  }

  get #orders(): Socket {
    return this.#child.stdio[3] as Socket
  }

  order(order: CellOrder): void {
    this.#orders.write(`${JSON.stringify(order)}\n`)
  }

  async kill(): Promise<boolean> {
    const waited = new AbortController()
    this.#group?.signal('SIGKILL')
    const late = systemClock.sleep(killPatience, waited.signal).then(() => false)
    const isGone = await Promise.race([this.#gone, late])
    waited.abort()
    return isGone
  }
}

function bytesOf(message: Extract<FromProcess, { kind: 'printed' }>): Buffer {
  return 'text' in message ? Buffer.from(message.text) : Buffer.from(message.base64, 'base64')
}

function describeExit(code: number | null, signal: string | null, heap: number): string {
  if (signal === 'SIGABRT') return `killed by SIGABRT: it crashed, or its heap has grown beyond ${heap} MiB`
  return signal === null ? `it has ended its process (exit code ${code})` : `killed by ${signal}`
}
