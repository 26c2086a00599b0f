import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installByApt } from './apt.ts'
import { type OwnedProcess, startProcess } from './owned-process.ts'
import { builtProgram } from './taskbeat-process.ts'

const root = join(import.meta.dirname, '../..')
const boxScript = join(import.meta.dirname, 'systemd-box.sh')

/** What stands in the way of a box, in words for a person; what is missing is installed where that is allowed. */
export function systemdBoxMissing(): Promise<string | undefined> {
  missing ??= lookForMissing()
  return missing
}

let missing: Promise<string | undefined> | undefined

async function lookForMissing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'root, for a systemd of its own in a container'
  const notInstalled = await installByApt({
    title: 'systemd-nspawn',
    name: 'systemd-container',
    isInstalled: () => existsSync('/usr/bin/systemd-nspawn'),
  })
  if (notInstalled !== undefined) return notInstalled
  const { status, stderr } = spawnSync(boxScript, ['/bin/true'], { encoding: 'utf8' })
  // A container that may not mount, for one.
  return status === 0
    ? undefined
    : `a machine that lets root boot a systemd in a container (${stderr.trim()})`
}

export interface Answer {
  readonly code: number
  /** Standard output and standard error, without the last line feed. */
  readonly output: string
}

/**
 * The script of the box: runs each order, which is the name of a file, by itself. The FIFO is held open for writing
 * too, so that it has no end.
 */
const agent = `#!/bin/bash
exec 3<>/talk/orders
echo ready
while read -r order <&3; do
  (bash "/talk/$order" >"/talk/$order.out" 2>&1; echo "ended $order $?") &
done
`

/** As a package does it. */
const install = `
cp /opt/taskbeat/init/systemd/*.service /usr/lib/systemd/system/
cp /opt/taskbeat/init/systemd/sysusers.d/* /usr/lib/sysusers.d/
cp /opt/taskbeat/init/systemd/tmpfiles.d/* /usr/lib/tmpfiles.d/
systemd-sysusers taskbeat.conf
systemd-tmpfiles --create taskbeat.conf
for name in taskbeat taskworker; do
  rm -f /usr/bin/$name
  [ $name = taskbeat ] && bin=bin.js || bin=bin-taskworker.js
  printf '#!/bin/sh\\nexec /opt/taskbeat/node /opt/taskbeat/dist/cli/%s "$@"\\n' $bin >/usr/bin/$name
  chmod 755 /usr/bin/$name
done
systemctl daemon-reload
`

/**
 * A machine with a freshly booted systemd and with taskbeat installed, whose services are not started. It is this
 * machine, copy on write, with a network of its own; what happens in it is gone with it.
 */
export class SystemdBox implements AsyncDisposable {
  readonly #talk: string
  readonly #process: OwnedProcess
  readonly #waiting = new Map<string, (code: number) => void>()
  #orders = 0

  private constructor() {
    this.#talk = mkdtempSync(join(tmpdir(), 'taskbeat-box-'))
    execFileSync('mkfifo', [join(this.#talk, 'orders')])
    writeFileSync(join(this.#talk, 'agent'), agent)
    const readOnly = [
      [join(builtProgram(), '../..'), 'dist'],
      [realpathSync(join(root, 'node_modules')), 'node_modules'],
      [join(root, 'package.json'), 'package.json'],
      [join(root, 'init'), 'init'],
      [process.execPath, 'node'],
    ].flatMap(([host, name]) => ['-B', `${host}:/opt/taskbeat/${name}`])
    this.#process = startProcess({
      name: 'the systemd box',
      command: boxScript,
      args: ['-t', '90', ...readOnly, '-b', `${this.#talk}:/talk`, join(this.#talk, 'agent')],
      cwd: root,
    })
    this.#process.onLine((line) => {
      const [, order = '', code] = /^ended (\d+) (\d+)$/.exec(line) ?? []
      this.#waiting.get(order)?.(Number(code))
    })
  }

  static async open(): Promise<SystemdBox> {
    const box = new SystemdBox()
    try {
      await box.#ready()
      await box.run(install)
      return box
    } catch (error) {
      await box[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Runs a script of bash as root. */
  async ask(script: string): Promise<Answer> {
    const order = String(++this.#orders)
    const file = join(this.#talk, order)
    writeFileSync(file, script)
    const ended = new Promise<number>((resolve) => this.#waiting.set(order, resolve))
    appendFileSync(join(this.#talk, 'orders'), `${order}\n`)
    const code = await Promise.race([ended, this.#process.ended])
    this.#waiting.delete(order)
    if (typeof code !== 'number')
      throw new Error(`the systemd box has ended:\n${this.#process.lines.join('\n')}\n${code.stderr}`)
    return { code, output: readFileSync(`${file}.out`, 'utf8').trimEnd() }
  }

  /** The same, and it must succeed; gives what it printed. */
  async run(script: string): Promise<string> {
    const { code, output } = await this.ask(script)
    if (code !== 0) throw await this.#failure(`exit code ${code} of ${script}\n${output}`)
    return output
  }

  /** Waits until a command succeeds, and gives what it printed then. */
  async until(command: string, withinSeconds = 20): Promise<string> {
    const { code, output } = await this.ask(
      `end=$((SECONDS + ${withinSeconds})); until output=$(${command}); do [ $SECONDS -lt $end ] || exit 1; sleep 0.05; done; echo "$output"`,
    )
    if (code === 0) return output
    throw await this.#failure(`within ${withinSeconds} s this has not succeeded: ${command}`)
  }

  /** With what the services said last. */
  async #failure(what: string): Promise<Error> {
    const { output } = await this.ask("journalctl -q --no-pager -n 40 -u 'task*'")
    return new Error(`${what}\n${output}`)
  }

  /** Writes a file, with the directories above it. */
  async write(path: string, text: string, mode = '644'): Promise<void> {
    const name = `file-${++this.#orders}`
    writeFileSync(join(this.#talk, name), text)
    await this.run(`install -D -m ${mode} /talk/${name} ${path}`)
  }

  /** Writes the configuration of the services. */
  configure(yaml: string): Promise<void> {
    return this.write('/etc/taskbeat/schedules.yaml', yaml)
  }

  /** What the journal has of a unit: the messages alone, a line each. */
  journal(unit: string, ...options: readonly string[]): Promise<string> {
    return this.run(`journalctl -q --no-pager -o cat -u ${unit} ${options.join(' ')}`)
  }

  /** A property of a unit. */
  show(unit: string, property: string): Promise<string> {
    return this.run(`systemctl show --value -p ${property} ${unit}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.signal('SIGTERM')
    await this.#process.ended
    rmSync(this.#talk, { recursive: true, force: true })
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#process.onLine((line) => {
        if (line === 'ready') resolve()
      })
      void this.#process.ended.then(({ code, stderr }) =>
        reject(new Error(`the systemd box could not be opened (${code}): ${stderr}`)),
      )
    })
  }
}
