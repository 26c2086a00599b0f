import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { main } from '../../src/cli/main.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** How a command ended, and what it wrote. */
export interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What it printed, as the JSON that it has to be. */
  json(): unknown
}

/** A directory with a configuration in it, and the program to be run there. */
export interface CliWorld {
  readonly directory: string
  readonly stateDir: string
  /** Writes a file beside the configuration; returns its path. */
  write(name: string, text: string): string
  /** Runs `taskbeat` with these arguments. `isTTY`: as on a terminal. */
  run(...argv: readonly string[]): Promise<Result>
  runOnTerminal(...argv: readonly string[]): Promise<Result>
}

/** `schedules.yaml` holds this text, and the state is kept beside it. */
export function openCliWorld(text = 'schedules: {}\n'): CliWorld {
  const directory = temporaryDirectory()
  const stateDir = join(directory, 'state')
  mkdirSync(stateDir)
  const write = (name: string, content: string): string => {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }
  write('schedules.yaml', `state_dir: ${stateDir}\n${text}`)
  const runWith = async (isTTY: boolean, argv: readonly string[]): Promise<Result> => {
    const stdout = new RecordingStream(isTTY)
    const stderr = new RecordingStream(isTTY)
    const host = { name: 'here', pid: process.pid, cwd: directory, isRoot: false, env: {} }
    const code = await main(argv, { host, stdout: asTerminal(stdout), stderr: asTerminal(stderr) })
    return {
      code,
      stdout: stdout.text,
      stderr: stderr.text,
      json: () => JSON.parse(stdout.text),
    }
  }
  return {
    directory,
    stateDir,
    write,
    run: (...argv) => runWith(false, argv),
    runOnTerminal: (...argv) => runWith(true, argv),
  }
}

/** As much of a terminal's stream as a command uses. */
class RecordingStream extends Writable {
  readonly isTTY: boolean
  text = ''

  constructor(isTTY: boolean) {
    super({ decodeStrings: false })
    this.isTTY = isTTY
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk
    done()
  }

  getColorDepth(): number {
    return 8
  }
}

function asTerminal(stream: RecordingStream): NodeJS.WriteStream {
  return stream as unknown as NodeJS.WriteStream
}
