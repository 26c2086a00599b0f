import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { installRabbitmq } from './install-rabbitmq.ts'
import { RabbitmqNode } from './rabbitmq-node.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A socket that answers with the place of the one RabbitMQ that all test files share. */
    rabbitmqSocket: string
  }
}

/** What the socket answers, as JSON. */
export type RabbitmqAnswer =
  | { readonly host: string; readonly port: number; readonly controlPort: number }
  | { readonly missing: string }

/** One RabbitMQ for the whole run, started when the first test asks for it; installed before, where that is allowed. */
export default function setup(project: TestProject): () => Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'taskbeat-run-'))
  const socketPath = join(directory, 'rabbitmq.sock')
  let node: Promise<RabbitmqNode | string> | undefined
  const server = createServer((asking) => {
    asking.on('error', () => {}) // who asked may have ended meanwhile
    node ??= startNode()
    node.then(
      (started) => asking.end(JSON.stringify(toAnswer(started))),
      (error: unknown) => asking.end(JSON.stringify({ missing: String(error) })),
    )
  })
  server.listen(socketPath)
  project.provide('rabbitmqSocket', socketPath)
  return async () => {
    server.close()
    const started = await node?.catch(() => undefined)
    if (started instanceof RabbitmqNode) await started[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function startNode(): Promise<RabbitmqNode | string> {
  return (await installRabbitmq()) ?? (await RabbitmqNode.start())
}

function toAnswer(started: RabbitmqNode | string): RabbitmqAnswer {
  if (typeof started === 'string') return { missing: started }
  return { host: started.host, port: started.port, controlPort: started.controlPort }
}
