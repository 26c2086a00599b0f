import type { Given } from './kind.ts'
import { listenAddress } from './listen-kind.ts'
import type { Section, Values } from './section.ts'
import type { ListenAddress, Settings } from './settings.ts'

export interface HttpValues {
  readonly beat: ListenAddress
  readonly worker: ListenAddress
}

export const httpKeys: Section<HttpValues> = {
  keys: {
    beat: {
      kind: listenAddress(['beat', 'dev']),
      doc: `Where the beat answers /healthz, /readyz and /metrics: 127.0.0.1:9464, or unix:\${RUNTIME_DIRECTORY}/http.sock.`,
      default: 'it answers nowhere',
    },
    worker: {
      kind: listenAddress(['worker', 'dev']),
      doc: `Where a worker does. Several workers of one machine need different places: 127.0.0.1:\${WORKER_PORT:-9465}.`,
      default: 'it answers nowhere',
    },
  },
}

/** Where beat and worker answer; that both want one port is a problem. */
export function readHttp(given: Values<HttpValues> | undefined): Settings['http'] {
  const { beat, worker } = given ?? {}
  if (beat && worker && !varies(worker) && isSamePort(beat.value, worker.value))
    worker.at.problem('the beat answers there; a port serves one process')
  return {
    ...(beat && { beat: beat.value }),
    ...(worker && { worker: worker.value }),
  }
}

/** What stands in a variable may be another thing for each process. */
function varies({ at: { node } }: Given<ListenAddress>): boolean {
  return node.kind === 'scalar' && node.source.includes(`\${`)
}

/** Paths of sockets may well read alike: each unit has a $RUNTIME_DIRECTORY of its own. */
function isSamePort(a: ListenAddress, b: ListenAddress): boolean {
  return a.kind === 'tcp' && b.kind === 'tcp' && a.host === b.host && a.port === b.port
}
