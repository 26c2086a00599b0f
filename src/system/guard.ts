/**
 * The guard: a small process beside a worker that kills what the worker ran, when the worker is gone.
 *
 *   worker ──pipe──▶ guard (/bin/sh, its own session, deaf to TERM, INT, HUP)
 *                      │ a line for each change of a slot: SLOT GROUP ID
 *                      └ at the end of the pipe: kill every group, then whatever carries an id, then exit
 *
 * The kernel closes the pipe when the worker ends, however it ends, also by kill -9: nothing has to be sent, and
 * nothing polls. Idle, the guard sleeps in read(2).
 *
 * A slot has one of three states, each a whole line, so that telling it twice is harmless and a new guard is told
 * everything by telling all slots once:
 *
 *   3 - ID       announced: processes with TASKBEAT_ID=ID may exist from now on
 *   3 4711 ID    spawned: process group 4711 is theirs
 *   3 - -        free
 *
 * If the guard itself is killed another is started, and `onLost` told. If guard and worker are killed together
 * nobody is there to kill what they leave; whoever takes the run over does that (`sweep`).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { sweepProcesses } from './process-sweep.ts'

const variable = 'TASKBEAT_ID'

/** Between the loss of a guard that had just been started and the next. */
const restartPauseMs = 1_000

/**
 * POSIX sh. A group is killed at once. An id may belong to a process that is only just being started by the dying
 * worker, so it is looked for several times within half a second.
 */
const script = `
trap '' TERM INT HUP QUIT
top=0
while read -r slot group id; do
  eval "group_$slot=\\$group id_$slot=\\$id"
  [ "$slot" -gt "$top" ] && top=$slot
done
slot=0
set --
while [ "$slot" -lt "$top" ]; do
  slot=$((slot + 1))
  eval "group=\\$group_$slot id=\\$id_$slot"
  case $group in *[!0-9]* | '') ;; *) kill -s KILL -- "-$group" 2>/dev/null ;; esac
  case $id in - | '') ;; *) set -- "$@" -e "${variable}=$id" ;; esac
done
[ $# -eq 0 ] && exit 0
for round in 1 2 3 4 5 6; do
  for file in $(grep -lzxF "$@" /proc/[0-9]*/environ 2>/dev/null); do
    pid=\${file#/proc/}
    kill -s KILL "\${pid%/environ}" 2>/dev/null
  done
  sleep 0.1
done
`

/** A run under guard. */
export interface GuardedProcesses {
  spawned(group: number): void
  ended(): void
}

interface Slot {
  readonly id: string
  readonly group: number | undefined
}

/** Starts the guard process of this worker. `onLost` is told each time one has to be replaced. */
export function openGuard(options: { readonly onLost: (reason: string) => void }): Guard {
  return new Guard(options.onLost)
}

export class Guard {
  readonly #onLost: (reason: string) => void
  /** Slot n is told as n + 1. Their number is that of the most runs at once. */
  readonly #slots: (Slot | undefined)[] = []
  #process: ChildProcess | undefined
  #restart: NodeJS.Timeout | undefined
  #closed = false

  constructor(onLost: (reason: string) => void) {
    this.#onLost = onLost
    this.#start()
  }

  /** The guard's process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** From now on processes whose environment carries this id may exist. */
  announce(id: string): GuardedProcesses {
    const free = this.#slots.indexOf(undefined)
    const slot = free < 0 ? this.#slots.length : free
    this.#set(slot, { id, group: undefined })
    let ended = false
    return {
      spawned: (group) => this.#set(slot, { id, group }),
      ended: () => {
        if (!ended) this.#set(slot, undefined)
        ended = true
      },
    }
  }

  /** Kills every process that carries this id and waits until it is gone. Resolves with how many there were. */
  sweep(id: string): Promise<number> {
    return sweepProcesses(variable, id)
  }

  /** Ends the guard, which kills what is still announced. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#restart)
    const guard = this.#process
    if (!guard) return
    await new Promise((resolve) => {
      guard.once('exit', resolve)
      guard.ref()
      guard.stdin?.end()
    })
  }

  #set(slot: number, state: Slot | undefined): void {
    this.#slots[slot] = state
    this.#tell(slot)
  }

  #tell(slot: number): void {
    const { id, group } = this.#slots[slot] ?? {}
    this.#process?.stdin?.write(
      `${slot + 1} ${group ?? '-'} ${id === undefined || !isPlain(id) ? '-' : id}\n`,
    )
  }

  #start(): void {
    const started = performance.now()
    const guard = spawn('/bin/sh', ['-c', script, 'taskbeat-guard'], {
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const lost = (reason: string): void => {
      if (this.#closed || this.#process !== guard) return
      this.#process = undefined
      this.#onLost(reason)
      const age = performance.now() - started
      this.#restart = setTimeout(() => this.#start(), age > restartPauseMs ? 0 : restartPauseMs)
      this.#restart.unref()
    }
    this.#process = guard
    guard.once('error', (error) => lost(error.message))
    guard.once('exit', (code, signal) => lost(signal ? `killed by ${signal}` : `exit code ${code}`))
    guard.stdin?.on('error', () => {}) // it has ended, and its exit says so
    guard.unref()
    for (const slot of this.#slots.keys()) this.#tell(slot)
  }
}

/** An id that can stand in a line and in a pattern of the script; a UUID is one. Others are guarded by their group alone. */
function isPlain(id: string): boolean {
  return /^[\w.:@-]{2,255}$/.test(id)
}
