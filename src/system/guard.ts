/**
 * The guard: a small process beside a worker that kills what the worker ran, when the worker is gone.
 *
 *   worker ──pipe──▶ guard (/bin/sh, its own session, deaf to TERM, INT, HUP)
 *                      │ a line for each change of a slot: SLOT GROUP MARK
 *                      └ at the end of the pipe: kill every group, then whatever carries a mark, then exit
 *
 * The kernel closes the pipe when the worker ends, however it ends, also by kill -9: nothing has to be sent, and
 * nothing polls. Idle, the guard sleeps in read(2).
 *
 * A slot has one of three states, each a whole line, so that telling it twice is harmless and a new guard is told
 * everything by telling all slots once:
 *
 *   3 - MARK      announced: processes with TASKBEAT_GUARD=MARK may exist from now on
 *   3 4711 MARK   spawned: process group 4711 is theirs
 *   3 - -         free
 *
 * A mark is made for one run of one worker. A dead worker's guard looks for its marks for half a second, and by then
 * another worker may have started the same run again: an id that both have would make it kill that as well.
 *
 * If the guard itself is killed another is started, and `onLost` told. If guard and worker are killed together
 * nobody is there to kill what they leave; whoever takes the run over does that (`sweep`).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { newUuid } from '../core/uuid.ts'
import { sweepProcesses } from './process-sweep.ts'

/** The run's id, the same wherever it runs; and the mark of the guard, that nothing else has. */
const idVariable = 'TASKBEAT_ID'
const markVariable = 'TASKBEAT_GUARD'

/** Between the loss of a guard that had just been started and the next. */
const restartPauseMs = 1_000

/**
 * POSIX sh. A group is killed at once. A mark may belong to a process that is only just being started by the
 * dying worker, so it is looked for several times within half a second.
 */
const script = `
trap '' TERM INT HUP QUIT
top=0
while read -r slot group mark; do
  eval "group_$slot=\\$group mark_$slot=\\$mark"
  [ "$slot" -gt "$top" ] && top=$slot
done
slot=0
set --
while [ "$slot" -lt "$top" ]; do
  slot=$((slot + 1))
  eval "group=\\$group_$slot mark=\\$mark_$slot"
  case $group in *[!0-9]* | '') ;; *) kill -s KILL -- "-$group" 2>/dev/null ;; esac
  case $mark in - | '') ;; *) set -- "$@" -e "${markVariable}=$mark" ;; esac
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
  readonly environment: Readonly<Record<string, string>>
  spawned(group: number): void
  ended(): void
}

interface Slot {
  readonly mark: string
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

  /** From now on processes with this environment may exist. */
  announce(): GuardedProcesses {
    const mark = newUuid()
    const free = this.#slots.indexOf(undefined)
    const slot = free < 0 ? this.#slots.length : free
    this.#set(slot, { mark, group: undefined })
    let ended = false
    return {
      environment: { [markVariable]: mark },
      spawned: (group) => this.#set(slot, { mark, group }),
      ended: () => {
        if (!ended) this.#set(slot, undefined)
        ended = true
      },
    }
  }

  /** Kills every process whose TASKBEAT_ID is this and waits until it is gone. Resolves with how many there were. */
  sweep(id: string): Promise<number> {
    return sweepProcesses(idVariable, id)
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
    const { mark = '-', group = '-' } = this.#slots[slot] ?? {}
    this.#process?.stdin?.write(`${slot + 1} ${group} ${mark}\n`)
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
