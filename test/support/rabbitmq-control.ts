import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

/** Nothing that is asked takes long, unless the machine has no time for it. */
const answerMs = 20_000

/** Where a broker of the tests is, and who may connect to it. */
export interface RabbitmqPlace {
  readonly host: string
  readonly port: number
  readonly controlPort: number
}

/** A virtual host of a test's own, and the broker that it is on. */
export interface TestBroker {
  /** `amqp://guest:guest@127.0.0.1:…/…` */
  readonly url: string
  readonly vhost: string
  readonly node: RabbitmqControl
}

/** What a test asks of a broker beside AMQP. */
export class RabbitmqControl implements RabbitmqPlace {
  readonly host: string
  readonly port: number
  readonly controlPort: number
  static #vhosts = 0

  constructor(place: RabbitmqPlace) {
    this.host = place.host
    this.port = place.port
    this.controlPort = place.controlPort
  }

  /** Evaluates Erlang in the node and gives the result as Erlang writes it. */
  async evaluate(expression: string): Promise<string> {
    const socket = connect(this.controlPort, this.host)
    const silence = new Error(`RabbitMQ has not answered within ${answerMs} ms: ${expression}`)
    socket.setTimeout(answerMs, () => socket.destroy(silence))
    try {
      socket.write(`${expression.replaceAll(/\s*\n\s*/g, ' ')}.\n`)
      for await (const line of createInterface({ input: socket })) {
        if (line.startsWith('ok ')) return line.slice(3)
        throw new Error(`RabbitMQ could not evaluate ${expression}: ${line}`)
      }
      throw new Error(`RabbitMQ did not answer ${expression}`)
    } finally {
      socket.destroy()
    }
  }

  /** A fresh virtual host, in which guest may do everything: a world of one test's own. */
  async openVhost(): Promise<string> {
    RabbitmqControl.#vhosts += 1
    const name = `test-${process.pid}-${RabbitmqControl.#vhosts}-${Date.now().toString(36)}`
    await this.evaluate(`rabbit_vhost:add(<<"${name}">>, <<"test">>)`)
    await this.allow('guest', name)
    return name
  }

  /** The same with what has to be known to use it. */
  async openBroker(): Promise<TestBroker> {
    const vhost = await this.openVhost()
    return { url: `amqp://guest:guest@${this.host}:${this.port}/${vhost}`, vhost, node: this }
  }

  async removeVhost(name: string): Promise<void> {
    await this.evaluate(`rabbit_vhost:delete(<<"${name}">>, <<"test">>)`)
  }

  /** The user with this password; made when there is none. */
  async addUser(name: string, password: string): Promise<void> {
    await this.evaluate(
      `rabbit_auth_backend_internal:put_user(#{name => <<"${name}"/utf8>>, password => <<"${password}"/utf8>>, tags => <<>>}, <<"test">>)`,
    )
  }

  async allow(
    user: string,
    vhost: string,
    {
      configure = '.*',
      write = '.*',
      read = '.*',
    }: { configure?: string; write?: string; read?: string } = {},
  ): Promise<void> {
    const patterns = [configure, write, read].map((pattern) => `<<"${pattern}">>`).join(', ')
    await this.evaluate(
      `rabbit_auth_backend_internal:set_permissions(<<"${user}"/utf8>>, <<"${vhost}"/utf8>>, ${patterns}, <<"test">>)`,
    )
  }

  /**
   * A memory alarm: whoever publishes is blocked until it is cleared. Not for the node that others use too. The node
   * only notes that it is to be set; what asks it afterwards is answered when all connections have been told.
   */
  async setAlarm(): Promise<void> {
    await this.evaluate(
      'begin rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []}), rabbit_alarm:get_alarms() end',
    )
  }

  async clearAlarm(): Promise<void> {
    await this.evaluate(
      'begin rabbit_alarm:clear_alarm({resource_limit, memory, node()}), rabbit_alarm:get_alarms() end',
    )
  }

  /**
   * Closes connections as an operator does (320 CONNECTION_FORCED): those of a vhost, or all, which is nothing to do
   * to a node that others use too.
   */
  async closeConnections(vhost?: string, reason = 'closed by the test'): Promise<void> {
    const chosen = vhost === undefined ? 'true' : `proplists:get_value(vhost, I) =:= <<"${vhost}">>`
    await this.evaluate(
      `[rabbit_networking:close_connection(proplists:get_value(pid, I), "${reason}") || ` +
        `I <- rabbit_networking:connection_info_all([pid, vhost]), ${chosen}]`,
    )
  }

  /** How long a delivery may stay unacknowledged; holds for channels that are opened from now on. */
  async setConsumerTimeout(timeoutMs: number): Promise<void> {
    await this.evaluate(`application:set_env(rabbit, consumer_timeout, ${timeoutMs})`)
  }

  /** How many messages a queue has ready and unacknowledged. */
  async queueCounts(vhost: string, queue: string): Promise<{ ready: number; unacknowledged: number }> {
    const counts = await this.evaluate(
      `begin {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"${vhost}">>, queue, <<"${queue}">>)), ` +
        'I = rabbit_amqqueue:info(Q, [messages_ready, messages_unacknowledged]), ' +
        '[proplists:get_value(K, I) || K <- [messages_ready, messages_unacknowledged]] end',
    )
    const [ready = 0, unacknowledged = 0] = (counts.match(/\d+/g) ?? []).map(Number)
    return { ready, unacknowledged }
  }

  /** How often anything about a quorum queue has changed: what was put in, taken, settled or subscribed to. */
  async changesOf(vhost: string, queue: string): Promise<number> {
    const index = await this.evaluate(
      `ets:lookup_element(ra_metrics, rabbit_misc:r(<<"${vhost}">>, queue, <<"${queue}">>), 5)`,
    )
    return Number(index)
  }
}

/** Below those that Linux gives to outgoing connections, any of which could take one that is to be listened on. */
const firstPort = 10_000
const lastPort = 32_000

const given = new Set<number>()

/** A port that nobody listens on at this moment, and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(firstPort, lastPort)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const listening = once(server, 'listening')
  server.listen(port, '127.0.0.1')
  try {
    await listening
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

/** Whether anybody listens on it. */
export async function isTaken(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const answer = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  return answer
}
