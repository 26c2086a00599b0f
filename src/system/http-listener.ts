/**
 * Answers HTTP on one address of this machine: what monitoring asks, and nothing else.
 *
 * It serves GET and HEAD of the paths that it is given. It never reads a body, keeps few connections, and does not keep
 * the process alive. On each failure:
 * - The address is taken, or not ours to take: the start fails, with the address and the reason.
 * - A socket is left over from a process that was killed: it is replaced, once nobody answers there.
 * - An answer cannot be made: that request gets a 500 with the reason.
 */
import { once } from 'node:events'
import { lstatSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import type { ListenAddress } from '../config/settings.ts'
import { describeError, TaskbeatError } from '../core/errors.ts'

export interface HttpAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** By the path, `/metrics`. */
export type HttpAnswers = Readonly<Record<string, () => Promise<HttpAnswer>>>

export interface HttpListener {
  /** Resolves once nothing is answered any more. */
  close(): Promise<void>
}

const mostConnections = 50
const plain = 'text/plain; charset=utf-8'

/** Resolves when it answers. Rejects with ADDRESS_UNUSABLE. */
export async function openHttpListener(address: ListenAddress, answers: HttpAnswers): Promise<HttpListener> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    const { method = '', url = '' } = request
    request.resume()
    void answer(method, url.split('?')[0] ?? '', answers).then(({ status, type, body }) => {
      response.writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        ...(status === 405 && { allow: 'GET, HEAD' }),
      })
      response.end(method === 'HEAD' ? '' : body)
    })
  })
  server.maxConnections = mostConnections
  await listen(server, address)
  server.unref()
  return {
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(method: string, path: string, answers: HttpAnswers): Promise<HttpAnswer> {
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, type: plain, body: 'only GET is answered\n' }
  const make = Object.hasOwn(answers, path) ? answers[path] : undefined
  if (!make) return { status: 404, type: plain, body: `${Object.keys(answers).join('\n')}\n` }
  try {
    return await make()
  } catch (error) {
    return { status: 500, type: plain, body: `${describeError(error)}\n` }
  }
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  try {
    if (address.kind === 'unix' && (await isLeftOver(address.path))) rmSync(address.path, { force: true })
    const listening = once(server, 'listening')
    server.listen(
      address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port },
    )
    await listening
  } catch (error) {
    const place = describePlace(address)
    const why =
      error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
        ? 'it is in use'
        : describeError(error)
    throw new TaskbeatError('ADDRESS_UNUSABLE', `http: cannot listen on ${place}: ${why}`, { cause: error })
  }
}

/** A socket file outlives a process that was killed. */
async function isLeftOver(path: string): Promise<boolean> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return false
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
  } finally {
    socket.destroy()
  }
}

/** As it is written in the configuration. */
function describePlace(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
}
