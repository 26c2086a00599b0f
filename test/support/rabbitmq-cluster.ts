import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort, isTaken } from './rabbitmq-control.ts'
import { RabbitmqNode } from './rabbitmq-node.ts'

const pem = (name: string): string => join(import.meta.dirname, '../fixtures/tls', name)

/**
 * Some RabbitMQs of a test's own that are one cluster: with one cookie and one port mapper, and everything else of
 * their own. Each takes TLS, with the certificate of the fixtures.
 */
export class RabbitmqCluster implements AsyncDisposable {
  readonly nodes: readonly RabbitmqNode[]
  /** The authority that signed the certificate of the nodes. */
  readonly ca: string = pem('ca.pem')
  /** How each is reached, over TLS. */
  readonly urls: readonly string[]
  readonly #teardown: AsyncDisposableStack

  private constructor(members: readonly Member[], teardown: AsyncDisposableStack) {
    this.nodes = members.map(({ node }) => node)
    this.urls = members.map(({ tlsPort }) => `amqps://guest:guest@localhost:${tlsPort}`)
    this.#teardown = teardown
  }

  /** Resolves when all of them serve. Whoever starts it disposes of it. */
  static async start(size: number): Promise<RabbitmqCluster> {
    await using teardown = new AsyncDisposableStack()
    const home = mkdtempSync(join(tmpdir(), 'taskbeat-rabbitmq-home-'))
    teardown.defer(() => rmSync(home, { recursive: true, force: true }))
    const epmd = await freePort()
    teardown.use(await startPortMapper(epmd))
    const start = async (others: readonly string[]): Promise<Member> => {
      const tlsPort = await freePort()
      const config = [...tlsOn(tlsPort), ...joining(others)]
      return { node: teardown.use(await RabbitmqNode.start({ config, shared: { home, epmd } })), tlsPort }
    }
    const first = await start([])
    const members = [first]
    while (members.length < size) members.push(await start([first.node.name]))
    return new RabbitmqCluster(members, teardown.move())
  }

  /** Resolves when each of them may go without that a queue stands still: what operators wait for before the next. */
  async untilWhole(): Promise<void> {
    const giveUp = performance.now() + wholeWithinMs
    for (;;) {
      const counts = await Promise.all(
        this.nodes.map((node) => node.evaluate('length(rabbit_quorum_queue:list_with_minimum_quorum())')),
      )
      if (counts.every((count) => count === '0')) return
      if (performance.now() > giveUp) throw new Error(`queues with too few members: ${counts.join(', ')}`)
      await delay(200)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#teardown.disposeAsync()
  }
}

const wholeWithinMs = 60_000

interface Member {
  readonly node: RabbitmqNode
  readonly tlsPort: number
}

function tlsOn(port: number): readonly string[] {
  return [
    `listeners.ssl.1 = 127.0.0.1:${port}`,
    `ssl_options.cacertfile = ${pem('ca.pem')}`,
    `ssl_options.certfile = ${pem('server.pem')}`,
    `ssl_options.keyfile = ${pem('server.key')}`,
  ]
}

function joining(others: readonly string[]): readonly string[] {
  if (others.length === 0) return []
  return [
    'cluster_formation.peer_discovery_backend = classic_config',
    ...others.map((name, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${name}`),
  ]
}

/** Of all nodes together: it has to outlive each of them. Its group ends with it, or with us. */
async function startPortMapper(port: number): Promise<Disposable> {
  const script = 'epmd -address 127.0.0.1 -port "$0" & read -r _; kill -KILL 0'
  const leader = spawn('sh', ['-c', script, String(port)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const { pid } = leader
  if (pid === undefined) throw new Error('no port mapper could be started')
  while (!(await isTaken(port))) await delay(10)
  return { [Symbol.dispose]: () => process.kill(-pid, 'SIGKILL') }
}
