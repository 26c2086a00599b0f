import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { ListenAddress } from '../../src/config/settings.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Asks at a port of this machine, or at a socket, on a connection of its own. */
export async function askHttp(address: ListenAddress, path: string, method = 'GET'): Promise<Answer> {
  const place = address.kind === 'unix' ? { socketPath: address.path } : address
  const asked = request({ ...place, path, method, agent: false }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}
