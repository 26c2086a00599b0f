import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Ending, type OwnedProcess, startProcess } from './owned-process.ts'

const program = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url))

/** The built program. Throws a clear sentence when it was not built. */
export function builtProgram(): string {
  if (!existsSync(program))
    throw new Error(`${program} is missing: these tests run what \`npm run build\` makes`)
  return program
}

/** A line of the program's log. */
export interface LogLine {
  /** When it was logged. */
  readonly time: number
  readonly level: string
  readonly message: string
  readonly [field: string]: unknown
}

/** `taskbeat` as a process, with its log as values. */
export interface TaskbeatProcess extends Omit<OwnedProcess, 'onLine'> {
  readonly log: readonly LogLine[]
  /** How many lines the log has: hand it to `said` to wait for a line that is still to come. */
  readonly mark: number
  /** The first line, from `mark` on, that matches, whether it is there or still to come. */
  said(what: RegExp | ((line: LogLine) => boolean), options?: Wait): Promise<LogLine>
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<Ending>
}

export interface Wait {
  readonly mark?: number
  readonly withinMs?: number
}

export interface TaskbeatStart {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

export function startTaskbeat({ args, cwd, env }: TaskbeatStart): TaskbeatProcess {
  const owned = startProcess({
    name: `taskbeat ${args.join(' ')}`,
    command: process.execPath,
    args: [builtProgram(), ...args],
    cwd,
    env,
  })
  const log: LogLine[] = []
  const waiting = new Set<() => void>()
  const wake = (): void => {
    for (const look of waiting) look()
  }
  owned.onLine((line) => {
    log.push(parseLine(line))
    wake()
  })
  void owned.ended.then(wake)
  const said: TaskbeatProcess['said'] = (what, { mark = 0, withinMs = 30_000 } = {}) => {
    const matches = what instanceof RegExp ? (line: LogLine) => what.test(line.message) : what
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>()
    const fail = (why: string): void => reject(new Error(`${owned.name} ${why} ${what}\n${tail(log)}`))
    const late = setTimeout(() => fail(`has not said within ${withinMs} ms:`), withinMs)
    let next = mark
    const look = (): void => {
      for (; next < log.length; next++) {
        const line = log[next]
        if (!line || !matches(line)) continue
        resolve(line)
        return
      }
      if (owned.hasEnded) void owned.ended.then(({ stderr }) => fail(`ended without saying (${stderr}):`))
    }
    waiting.add(look)
    look()
    return promise.finally(() => {
      waiting.delete(look)
      clearTimeout(late)
    })
  }
  return {
    ...owned,
    log,
    said,
    get mark() {
      return log.length
    },
    get hasEnded() {
      return owned.hasEnded
    },
    stop: () => {
      owned.signal('SIGTERM')
      return owned.ended
    },
  }
}

function parseLine(line: string): LogLine {
  try {
    const fields = JSON.parse(line) as { time: string; level: string; message: string }
    return { ...fields, time: Date.parse(fields.time) }
  } catch {
    return { time: Date.now(), level: 'none', message: line }
  }
}

function tail(log: readonly LogLine[]): string {
  return log
    .slice(-30)
    .map(({ time, level, message }) => `  ${new Date(time).toISOString().slice(11, 23)} ${level} ${message}`)
    .join('\n')
}
