/**
 * What tasks print, told to journald under the name of each task: `journalctl -t task:etc-backup`.
 *
 * journald gives an identifier to a connection and not to a line, so that each name has a connection of its own to the
 * socket that systemd-cat(1) uses as well. journald knows by the process that connects which unit it belongs to. A
 * connection begins with a header of seven lines, and what follows are lines with their priority, see sd-daemon(3).
 *
 *   a name's first line ──▶ connected ──▶ ending: 64 others are in use, or the process stops
 *                               └──▶ gone: journald has ended it, the next line connects anew
 *
 * The invariant: a line is handed to the kernel for journald, or to `instead`, and nothing waits for journald.
 * On each failure:
 * - There is no socket, or it refuses: `instead`, and for five seconds nobody asks it again.
 * - journald is slow: what waits for it is bounded, and so are the connections; then `instead`.
 * - A connection breaks: what the kernel has not taken goes to `instead`.
 */
import { connect, type Socket } from 'node:net'
import { systemClock } from '../core/clock.ts'
import { milliseconds } from '../core/instant.ts'
import type { Service } from '../core/service.ts'

/** Where journald listens. A unit with a LogNamespace= finds that of its own there. */
const journaldSocket = '/run/systemd/journal/stdout'

const mostKept = 64
/** Those that are ending are few, unless journald does not read. */
const mostSockets = 2 * mostKept
/** In characters, of all connections: what a task prints in one go can be read later. */
const mostWaiting = 8 * 1_024 * 1_024
/** A line that waits takes this much more than its text. */
const waitingLine = 256
const restMs = 5_000
const flushMs = milliseconds(500)

const mostIdentifierBytes = 200

export class JournaldStreams implements Service {
  readonly name = 'journald streams'
  readonly #path: string
  /** By identifier, the least lately used first. */
  readonly #kept = new Map<string, Socket>()
  /** Those that are ending, too. */
  readonly #sockets = new Set<Socket>()
  #waiting = 0
  #restsUntil = 0
  #stopped: Promise<void> | undefined

  constructor(path: string = journaldSocket) {
    this.#path = path
  }

  async start(): Promise<void> {}

  /** Writes lines, each with its priority and a line feed; `instead` is called when journald does not get them. */
  write(task: string, text: string, instead: () => void): void {
    const socket = this.#stopped ? undefined : this.#socketOf(toIdentifier(task))
    const size = text.length + waitingLine
    if (!socket || this.#waiting + size > mostWaiting) return void instead()
    this.#waiting += size
    socket.write(text, (error) => {
      this.#waiting -= size
      if (error) instead()
    })
  }

  /**
   * Resolves when journald has read everything, and after half a second at the latest, also when it is to hurry:
   * what a process says last is read most.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  #socketOf(identifier: string): Socket | undefined {
    const kept = this.#kept.get(identifier)
    if (kept) {
      this.#kept.delete(identifier)
      this.#kept.set(identifier, kept)
      return kept
    }
    if (systemClock.monotonic() < this.#restsUntil || this.#sockets.size >= mostSockets) return undefined
    for (const [least, socket] of this.#kept) {
      if (this.#kept.size < mostKept) break
      this.#kept.delete(least)
      socket.end()
    }
    return this.#connect(identifier)
  }

  #connect(identifier: string): Socket {
    const socket = connect(this.#path)
    const forget = (): void => {
      if (this.#kept.get(identifier) === socket) this.#kept.delete(identifier)
    }
    this.#kept.set(identifier, socket)
    this.#sockets.add(socket)
    socket.on('error', () => {
      this.#restsUntil = systemClock.monotonic() + restMs
      forget()
    })
    socket.on('end', forget)
    socket.on('close', () => {
      forget()
      this.#sockets.delete(socket)
    })
    socket.resume() // it says nothing, but its end is to be noticed
    socket.write(header(identifier))
    return socket
  }

  async #end(): Promise<void> {
    const closed = Promise.all(
      [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    )
    const enough = new AbortController()
    for (const socket of this.#sockets) socket.end()
    await Promise.race([closed, systemClock.sleep(flushMs, enough.signal)])
    enough.abort()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

/** No unit, which journald finds out; priority 6 where a line has none of its own; and forwarded to nobody. */
function header(identifier: string): string {
  return `${[identifier, '', 6, 1, 0, 0, 0].join('\n')}\n`
}

/** A task or an entry in the journal: a word of at most 200 bytes, whatever a message calls it. */
export function toIdentifier(task: string): string {
  const bytes = Buffer.from(`task:${task.replaceAll(/[^\p{L}\p{M}\p{N}_.:@+/-]/gu, '_')}`)
  // As a stream that goes on: a character that is cut through is left out.
  return new TextDecoder().decode(bytes.subarray(0, mostIdentifierBytes), { stream: true })
}
