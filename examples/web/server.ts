/**
 * A web application that answers at once and lets a worker do the work.
 *
 *     POST /runs?below=N    sends the task, answers with its id
 *     GET  /runs/ID         answers when there is a result, or after 20 s that there is none yet
 */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, TaskbeatError, TaskFailed } from 'taskbeat'

interface Answer {
  readonly status: number
  readonly body: unknown
}

await using app = await connect<typeof import('./tasks.ts')>()
const page = await readFile(new URL('page.html', import.meta.url), 'utf8')

const server = createServer((request, response) => {
  if (request.url === '/') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
    return
  }
  answer(request).then(
    ({ status, body }) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
})

async function answer({ method, url = '/' }: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const [, runs, id] = pathname.split('/')
  if (runs !== 'runs') return { status: 404, body: { error: 'there is no such page' } }
  if (method === 'GET' && id) return resultOf(id)
  if (method !== 'POST') return { status: 405, body: { error: 'POST /runs?below=N, or GET /runs/ID' } }
  const run = await app.send('count-primes', [Number(searchParams.get('below'))])
  return { status: 202, body: { id: run.id } }
}

async function resultOf(id: string): Promise<Answer> {
  try {
    return { status: 200, body: { primes: await app.result(id, { timeout: '20s' }) } }
  } catch (error) {
    if (error instanceof TaskFailed) return { status: 200, body: { error: error.message } }
    if (error instanceof TaskbeatError && error.code === 'RESULT_TIMEOUT') return { status: 202, body: {} }
    throw error
  }
}

const stopped = new Promise<void>((resolve) => process.once('SIGTERM', resolve).once('SIGINT', resolve))
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address) console.log(`open http://127.0.0.1:${address.port}`)
})
await stopped
server.close()
server.closeAllConnections()
