import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay, setImmediate } from 'node:timers/promises'

type Direction = 'toBroker' | 'toClient'

/** A wire between a client and a broker, that can be cut, slowed down and made to swallow what is said. */
export class Relay implements AsyncDisposable {
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  readonly #swallowing = new Set<Direction>()
  readonly #port: number
  /** Each chunk waits so long. */
  delayMs = 0
  /** Every byte is a packet of its own. */
  trickling = false
  /** How many connections were made through it. */
  connections = 0

  private constructor(server: Server, target: { host: string; port: number }, port: number) {
    this.#server = server
    this.#target = target
    this.#port = port
    server.on('connection', (client) => this.#join(client))
  }

  /** Whoever opens it disposes of it. */
  static async open(target: { host: string; port: number }): Promise<Relay> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the relay does not listen')
    return new Relay(server, target, address.port)
  }

  /** The URL of a broker, by way of this relay. */
  url(url: string): string {
    return url.replace(/@[^/]+/, `@127.0.0.1:${this.#port}`)
  }

  /** Ends every connection in order (FIN) on both sides. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }

  /** Ends every connection with a reset (RST), as a firewall does that has forgotten it. */
  reset(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  /** From now on nothing comes through in these directions; the sockets stay open. */
  swallow(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#swallowing.add(direction)
  }

  /** New connections are carried again; what was swallowed is gone. */
  heal(): void {
    this.#swallowing.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }

  #join(client: Socket): void {
    this.connections += 1
    const broker = connect({ ...this.#target, noDelay: true })
    client.setNoDelay(true)
    const pair = [client, broker] as const
    this.#pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => {}) // 'close' follows
      socket.on('close', () => {
        this.#pairs.delete(pair)
        for (const each of pair) each.destroy()
      })
    }
    this.#carry(client, broker, 'toBroker')
    this.#carry(broker, client, 'toClient')
  }

  #carry(from: Socket, to: Socket, direction: Direction): void {
    let before = Promise.resolve()
    from.on('data', (chunk) => {
      before = before.then(async () => {
        if (this.delayMs > 0) await delay(this.delayMs)
        if (this.#swallowing.has(direction) || to.destroyed) return
        if (!this.trickling) to.write(chunk)
        else
          for (const byte of chunk) {
            to.write(Buffer.from([byte]))
            await setImmediate()
          }
      })
    })
  }
}
