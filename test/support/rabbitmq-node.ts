import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort, isTaken, RabbitmqControl } from './rabbitmq-control.ts'

/** The script itself: the one in /usr/sbin changes the user and the directory. */
const rabbitmqServer = '/usr/lib/rabbitmq/bin/rabbitmq-server'

/** The root of another Debian whose RabbitMQ is to be taken instead of this machine's. */
const otherRoot = process.env.TASKBEAT_TEST_RABBITMQ_ROOT

export interface RabbitmqSettings {
  /** Lines for rabbitmq.conf. */
  readonly config?: readonly string[]
  /** What the queues of a vhost may leave unacknowledged; RabbitMQ's default is 30 minutes. */
  readonly consumerTimeoutMs?: number
  /** What the nodes of its cluster have in common; without it, it has its own. */
  readonly shared?: SharedByNodes
}

/** What nodes need in common to talk to each other. */
export interface SharedByNodes {
  /** With the cookie, which the first of them makes. */
  readonly home: string
  /** The port of the port mapper (epmd). */
  readonly epmd: number
}

/**
 * A RabbitMQ of a test's own: its own ports, name, cookie, port mapper (epmd) and folder, so that several run at once.
 *
 * All of its processes are one process group. A shell leads the group and reads from a pipe of ours; when we die, the
 * pipe ends and the shell kills the group: nothing outlives the test that started it.
 */
export class RabbitmqNode extends RabbitmqControl {
  /** As other nodes know it. */
  readonly name: string
  readonly #directory: string
  readonly #environment: NodeJS.ProcessEnv
  #leader: ChildProcess | undefined

  private constructor(
    directory: string,
    ports: { amqp: number; control: number; epmd: number; distribution: number },
    settings: RabbitmqSettings,
  ) {
    super({ host: '127.0.0.1', port: ports.amqp, controlPort: ports.control })
    this.name = `taskbeat-${ports.amqp}@localhost`
    this.#directory = directory
    const control = join(import.meta.dirname, 'rabbitmq-control.eval')
    const config = join(directory, 'rabbitmq.conf')
    const consumerTimeout = settings.consumerTimeoutMs
    writeFileSync(
      config,
      [
        `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
        'loopback_users = none',
        'disk_free_limit.absolute = 10MB',
        'log.console = true',
        'log.console.level = warning',
        'log.file = false',
        ...(consumerTimeout === undefined ? [] : [`consumer_timeout = ${consumerTimeout}`]),
        ...(settings.config ?? []),
        '',
      ].join('\n'),
    )
    writeFileSync(join(directory, 'enabled_plugins'), '[].\n')
    const { home, epmd } = settings.shared ?? { home: join(directory, 'home'), epmd: ports.epmd }
    mkdirSync(home, { recursive: true })
    this.#environment = {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      HOME: home,
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: this.name,
      RABBITMQ_DIST_PORT: String(ports.distribution),
      RABBITMQ_CONF_ENV_FILE: join(directory, 'none'),
      RABBITMQ_CONFIG_FILE: config,
      RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'enabled_plugins'),
      RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
      RABBITMQ_LOG_BASE: join(directory, 'log'),
      RABBITMQ_PID_FILE: join(directory, 'pid'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-eval file:eval("${control}")`,
      TASKBEAT_TEST_CONTROL_PORT: String(ports.control),
    }
  }

  /** Starts a node and waits until it serves. Whoever starts it disposes of it. */
  static async start(settings: RabbitmqSettings = {}): Promise<RabbitmqNode> {
    const [amqp, control, epmd, distribution] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const directory = mkdtempSync(join(tmpdir(), 'taskbeat-rabbitmq-'))
    const node = new RabbitmqNode(directory, { amqp, control, epmd, distribution }, settings)
    await node.start()
    return node
  }

  /** Starts it, again when it was stopped: with what it had stored. */
  async start(): Promise<void> {
    const log = openSync(join(this.#directory, 'output.log'), 'a')
    const script = `epmd -port "$ERL_EPMD_PORT" & ${rabbitmqServer} & read -r _; kill -KILL 0`
    const [command = '', ...args] = [...amidOtherPrograms(), 'sh', '-c', script]
    const leader = spawn(command, args, {
      cwd: this.#directory,
      env: this.#environment,
      detached: true,
      stdio: ['pipe', log, log],
    })
    this.#leader = leader
    await this.#untilServing()
  }

  /**
   * SIGKILL to the whole node. Before that, the table in which it keeps which quorum queues there are is written:
   * RabbitMQ 3.10 does so only seconds after it has declared a queue, and finds nothing of one that it forgot.
   */
  async kill(): Promise<void> {
    await this.evaluate('[dets:sync(Table) || Table <- dets:all()]')
    await this.#kill()
  }

  /** An orderly stop, as by systemctl: it tells its clients. */
  async stop(): Promise<void> {
    const pid = this.#brokerPid()
    process.kill(pid, 'SIGTERM')
    while (isRunning(pid)) await delay(10)
    await this.#kill()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** SIGSTOP: its sockets stay open and say nothing. */
  pause(): void {
    process.kill(this.#brokerPid(), 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.#brokerPid(), 'SIGCONT')
  }

  /** What it has written: the last place to look when it does not start. */
  log(): string {
    return readFileSync(join(this.#directory, 'output.log'), 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kill()
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 3 })
  }

  #brokerPid(): number {
    return Number(readFileSync(join(this.#directory, 'pid'), 'utf8'))
  }

  async #untilServing(): Promise<void> {
    const giveUp = performance.now() + 120_000
    for (;;) {
      // By its name: at this port another node may answer.
      const serves = await this.evaluate('{rabbit:is_running(), node()}').then(
        (answer) => answer === `{true,'${this.name}'}`,
        () => false,
      )
      if (serves) return
      if (performance.now() > giveUp || this.#leader?.exitCode !== null) {
        const log = this.log()
        await this[Symbol.asyncDispose]()
        throw new Error(`RabbitMQ did not start:\n${log.slice(-2_000)}`)
      }
      await delay(50)
    }
  }

  async #kill(): Promise<void> {
    const leader = this.#leader
    if (leader?.pid === undefined) return
    this.#leader = undefined
    const ended = once(leader, 'exit')
    process.kill(-leader.pid, 'SIGKILL')
    await ended
    await this.#untilPortIsFree()
  }

  /** The leader of the group may be gone before the last of its processes. */
  async #untilPortIsFree(): Promise<void> {
    while (await isTaken(this.port)) await delay(10)
  }
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Runs a command as one of the other Debian: with its programs and libraries, and all else as it is here. Needs root. */
function amidOtherPrograms(): readonly string[] {
  if (otherRoot === undefined) return []
  const script = 'mount --bind "$0/usr" /usr && exec "$@"'
  return ['unshare', '--mount', 'sh', '-c', script, otherRoot]
}

export function isInstalled(): boolean {
  return existsSync(join(otherRoot ?? '/', rabbitmqServer))
}
