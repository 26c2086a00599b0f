import type { Clock } from '../../core/clock.ts'
import { milliseconds } from '../../core/instant.ts'
import type { TaskMessage } from '../../task/task-message.ts'
import type { HandlerEnding } from '../executors/call-handler.ts'
import { LineSplitter } from '../executors/line-splitter.ts'
import type { ModuleListing } from '../module-listing.ts'
import type { Cell, CellReport, OpenCell } from './cell.ts'

/** How an attempt in a cell ended: by itself, or with its cell. */
export type CellEnding = HandlerEnding | { readonly kind: 'lost'; readonly how: string }

/** Takes what an attempt says. */
export interface AttemptListener {
  logged(report: Extract<CellReport, { kind: 'logged' }>): void
  printed(stream: 'stdout' | 'stderr', chunk: Buffer): void
}

/** What a cell is filled with, and how long it lasts. */
export interface CellPlan {
  /** The files of the modules. */
  readonly patterns: readonly string[]
  readonly heapBytes: number
  /** When it is replaced by a fresh one: after so many attempts, or when it holds so many bytes after one. */
  readonly recycle: { readonly runs?: number; readonly memory?: number }
}

export interface TaskCellParts {
  readonly clock: Clock
  /** Takes the lines that it prints while it runs nothing. */
  readonly printed: (stream: 'stdout' | 'stderr', line: string) => void
  /** It was to end and does not, whoever wanted it to. `gone` may still resolve later. */
  readonly stuck: () => void
}

/** `isNews`: it had nothing to do and nobody has ended it. */
export interface Loss {
  readonly how: string
  readonly isNews: boolean
}

type State =
  | { readonly kind: 'loading'; readonly settle: (loaded: ModuleListing | string) => void }
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'running'
      readonly listener: AttemptListener
      readonly settle: (ending: CellEnding) => void
    }
  | { readonly kind: 'gone'; readonly how: string }

/** A cell whose heap is fuller than this after an attempt makes no other. */
const fullest = 0.9

/** The top level of one module may take 30 s, and it is the cell that counts; this is for cells that cannot. */
const importLimit = milliseconds(40_000)

/**
 * A cell from its worker's side.
 *
 *   loading ──loaded──▶ idle ◀──ended── running        each ──▶ gone
 *                         └─────run──────▲
 */
export class TaskCell {
  /** What is in it; text, the reason, when it could not be loaded. */
  readonly loaded: Promise<ModuleListing | string>
  /** Resolves when nothing of it is left. */
  readonly gone: Promise<Loss>
  readonly #cell: Cell
  readonly #clock: Clock
  readonly #stuck: () => void
  readonly #heapBytes: number
  readonly #outside: Readonly<Record<'stdout' | 'stderr', LineSplitter>>
  #state: State
  #loss: Loss | undefined
  #isKilled = false
  #runs = 0
  #memory = 0
  /** It makes no other attempt. */
  #isSpent = false
  /** What it was importing when it last said so, and the wait for what follows. */
  #importing = { file: '', over: new AbortController() }

  constructor(
    open: OpenCell,
    { patterns, heapBytes, recycle }: CellPlan,
    { clock, printed, stuck }: TaskCellParts,
  ) {
    const loaded = Promise.withResolvers<ModuleListing | string>()
    const gone = Promise.withResolvers<Loss>()
    this.loaded = loaded.promise
    this.gone = gone.promise
    this.#clock = clock
    this.#stuck = stuck
    this.#heapBytes = heapBytes
    this.#outside = {
      stdout: new LineSplitter((line) => printed('stdout', line)),
      stderr: new LineSplitter((line) => printed('stderr', line)),
    }
    this.#state = { kind: 'loading', settle: loaded.resolve }
    this.#cell = open(
      {
        report: (report) => this.#take(report),
        printed: (stream, chunk) => {
          if (this.#state.kind === 'running') this.#state.listener.printed(stream, chunk)
          else this.#outside[stream].write(chunk)
        },
        gone: (how) => {
          this.#lose(how)
          gone.resolve(this.#loss ?? { how, isNews: false })
        },
      },
      heapBytes,
    )
    this.#cell.order({ kind: 'load', patterns, measure: recycle.memory !== undefined })
    void this.#watchLoading()
  }

  get isIdle(): boolean {
    return this.#state.kind === 'idle'
  }

  /** How many attempts it has made. */
  get runs(): number {
    return this.#runs
  }

  /** What it held after the last of them, in bytes. */
  get memory(): number {
    return this.#memory
  }

  /** What they have left in it would be to the harm of another. */
  get isSpent(): boolean {
    return this.#isSpent
  }

  /** Makes an attempt; it has to be idle. */
  run(message: TaskMessage, listener: AttemptListener): Promise<CellEnding> {
    if (this.#state.kind === 'gone') return Promise.resolve({ kind: 'lost', how: this.#state.how })
    if (this.#state.kind !== 'idle') throw new Error('this cell is busy')
    return new Promise((settle) => {
      this.#state = { kind: 'running', listener, settle }
      this.#runs++
      this.#cell.order({ kind: 'run', message })
    })
  }

  /** Has the signal of the attempt aborted. */
  abort(reason: string): void {
    this.#cell.order({ kind: 'abort', reason })
  }

  /** Ends it by force. Resolves when it is gone, or is known to be stuck; its attempt is lost then as well. */
  async kill(how: string): Promise<void> {
    this.#isKilled = true
    const isGone = await this.#cell.kill()
    this.#lose(how)
    if (!isGone) this.#stuck()
  }

  #take(report: CellReport): void {
    const state = this.#state
    switch (report.kind) {
      case 'importing':
        this.#importing.over.abort()
        this.#importing = { file: report.file, over: new AbortController() }
        break
      case 'loaded':
        if (state.kind !== 'loading') return
        this.#state = { kind: 'idle' }
        state.settle(report.listing)
        break
      case 'logged':
        if (state.kind === 'running') state.listener.logged(report)
        break
      case 'ended':
        if (state.kind !== 'running') return
        this.#state = { kind: 'idle' }
        this.#memory = report.memory ?? 0
        this.#isSpent ||= report.heap > fullest * this.#heapBytes
        state.settle(report.ending)
        break
      case 'strayed': {
        const { leftBy, thrown } = report
        const { reason, detail } = thrown
        if (leftBy !== undefined && state.kind === 'running') {
          this.#isSpent = true
          this.#outside.stderr.write(Buffer.from(`left behind by the run ${leftBy}: ${detail}\n`))
          return
        }
        if (state.kind === 'running') state.listener.printed('stderr', Buffer.from(`${detail}\n`))
        const how = `an error that nobody caught: ${reason}`
        this.#lose(how)
        void this.kill(how)
      }
    }
  }

  #lose(how: string): void {
    const state = this.#state
    if (state.kind === 'gone') return
    this.#state = { kind: 'gone', how }
    this.#loss = { how, isNews: state.kind === 'idle' && !this.#isKilled }
    if (state.kind === 'loading') state.settle(how)
    if (state.kind === 'running') state.settle({ kind: 'lost', how })
  }

  async #watchLoading(): Promise<void> {
    const loaded = new AbortController()
    void this.loaded.then(() => loaded.abort())
    for (;;) {
      const { file, over } = this.#importing
      await this.#clock.sleep(importLimit, AbortSignal.any([loaded.signal, over.signal]))
      if (loaded.signal.aborted) return
      if (over.signal.aborted) continue // it has come to the next
      const how = `${file || 'it'} does not come to the end of its top level`
      this.#lose(how) // before its end, of which there is less to say
      return this.kill(how)
    }
  }
}
