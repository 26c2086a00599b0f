/**
 * The service manager that has started this process, when it is systemd (sd_notify(3)): it is told when the service is
 * ready, reloads or stops, how it is, and that it is alive.
 *
 * Node has no datagram sockets of the Unix kind, so one of two others sends for it:
 *
 *   a descriptor named `notify`   OpenFile=, from systemd 253 on: a write is a message, and only this process can make it
 *   a shell beside the service    a line is a message, sent by systemd-notify(1); needs NotifyAccess=all
 *
 * The shell is started once, while this process is small: a fork of a large one would halt its loop for tens of
 * milliseconds. It is deaf to the signals that end the service, which has more to tell then, and ends with its pipe.
 * What cannot be told is left out: a service manager that does not listen stops no service.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'

/** What there is to tell, all at once. */
export interface Notice {
  readonly state?: 'ready' | 'reloading' | 'stopping'
  /** One line for people, shown by `systemctl status`. */
  readonly status?: string
  /** Still alive: the watchdog counts anew. */
  readonly alive?: boolean
  /** The start or stop that is under way may take this much longer from now. */
  readonly extendMs?: number
}

export interface ServiceManager {
  /** Within this time it wants to be told that the service is alive; undefined when it does not watch. */
  readonly watchdogMs: number | undefined
  tell(notice: Notice): void
  /** Resolves when what was told so far has arrived, or will not. */
  heard(): Promise<void>
  /** The same, and nothing more will be told. */
  close(): Promise<void>
}

type Environment = Record<string, string | undefined>

/** How long somebody waits for messages to arrive. */
const arrivalMs = 2_000
const firstDescriptor = 3

/**
 * Talks to the service manager that the environment names, if any, and removes
 * from there what is for this process alone.
 */
export function openServiceManager(env: Environment, pid: number = process.pid): ServiceManager {
  const { NOTIFY_SOCKET: socket, PATH: path } = env
  const watchdogMs = watchdogOf(env, pid)
  const descriptor = descriptorOf(env, pid)
  for (const name of Object.keys(env))
    if (/^(?:NOTIFY_SOCKET|WATCHDOG_.*|LISTEN_.*)$/.test(name)) delete env[name]
  if (descriptor !== undefined) return new Descriptor(descriptor, watchdogMs)
  if (socket) return new Shell({ NOTIFY_SOCKET: socket, ...(path && { PATH: path }) }, watchdogMs)
  return { watchdogMs: undefined, tell: () => {}, heard: async () => {}, close: async () => {} }
}

function watchdogOf(
  { WATCHDOG_USEC: microseconds, WATCHDOG_PID: watched }: Environment,
  pid: number,
): number | undefined {
  const isMine = watched === undefined || Number(watched) === pid
  return isMine && Number(microseconds) > 0 ? Number(microseconds) / 1_000 : undefined
}

/** See sd_listen_fds_with_names(3). */
function descriptorOf(
  { LISTEN_PID: owner, LISTEN_FDNAMES: names = '' }: Environment,
  pid: number,
): number | undefined {
  const index = names.split(':').indexOf('notify')
  return Number(owner) === pid && index >= 0 ? firstDescriptor + index : undefined
}

class Descriptor implements ServiceManager {
  readonly #descriptor: number
  readonly watchdogMs: number | undefined

  constructor(descriptor: number, watchdogMs: number | undefined) {
    this.#descriptor = descriptor
    this.watchdogMs = watchdogMs
  }

  tell(notice: Notice): void {
    try {
      writeSync(this.#descriptor, assignments(notice).join('\n'))
    } catch {
      // The queue of the service manager is full or gone; whatever matters is told again.
    }
  }

  async heard(): Promise<void> {}

  async close(): Promise<void> {}
}

/** Between the assignments of one message. */
const separator = '\u001f'

/**
 * POSIX sh, and short, for `systemctl status` shows it. systemd-notify itself waits until its message was read, so
 * messages arrive, and in order, and a line feed says so; what goes wrong it says on standard error, which is the log.
 */
const script = `trap '' INT TERM HUP QUIT; set -f; IFS=$1; while read -r message; do systemd-notify $message; echo; done`

class Shell implements ServiceManager {
  readonly #env: NodeJS.ProcessEnv
  readonly watchdogMs: number | undefined
  #process: ChildProcess | undefined
  /** How many messages have been told and have not arrived. */
  #underWay = 0
  readonly #arrivals = new EventEmitter<{ all: [] }>()

  constructor(env: NodeJS.ProcessEnv, watchdogMs: number | undefined) {
    this.#env = env
    this.watchdogMs = watchdogMs
    this.#process = this.#start()
  }

  tell(notice: Notice): void {
    this.#process ??= this.#start()
    this.#process.stdin?.write(`${assignments(notice).join(separator)}\n`)
    this.#underWay++
  }

  async heard(): Promise<void> {
    if (this.#underWay === 0) return
    await once(this.#arrivals, 'all', { signal: AbortSignal.timeout(arrivalMs) }).catch(() => {})
  }

  async close(): Promise<void> {
    const shell = this.#process
    if (!shell) return
    shell.ref()
    shell.stdin?.end()
    // It has a session of its own, and what it waits for may never come.
    await once(shell, 'exit', { signal: AbortSignal.timeout(arrivalMs) }).catch(() => shell.kill('SIGKILL'))
  }

  #start(): ChildProcess {
    const shell = spawn('/bin/sh', ['-c', script, 'taskbeat-notify', separator], {
      detached: true,
      cwd: '/',
      env: this.#env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const gone = (): void => {
      if (this.#process !== shell) return
      this.#process = undefined
      this.#arrived(this.#underWay)
    }
    shell.once('error', gone)
    shell.once('exit', gone)
    shell.stdin.on('error', () => {}) // it has ended, and the next message starts another
    shell.stdout.on('data', (lineFeeds: Buffer) => this.#arrived(lineFeeds.length))
    if (shell.stdout instanceof Socket) shell.stdout.unref()
    shell.unref()
    return shell
  }

  #arrived(messages: number): void {
    this.#underWay -= messages
    if (this.#underWay === 0) this.#arrivals.emit('all')
  }
}

const states = { ready: 'READY=1', reloading: 'RELOADING=1', stopping: 'STOPPING=1' } as const

/** In the words of sd_notify(3). */
function assignments({ state, status, alive, extendMs }: Notice): readonly string[] {
  return [
    ...(state ? [states[state]] : []),
    ...(state === 'reloading' ? [`MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`] : []),
    ...(alive ? ['WATCHDOG=1'] : []),
    ...(extendMs ? [`EXTEND_TIMEOUT_USEC=${Math.round(extendMs * 1_000)}`] : []),
    ...(status !== undefined ? [`STATUS=${status.replaceAll(/\p{Cc}/gu, ' ')}`] : []),
  ]
}
