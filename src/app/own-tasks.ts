import { parseAmqpUrl } from '../config/amqp-url.ts'
import type { Settings } from '../config/settings.ts'
import { TaskbeatError } from '../core/errors.ts'
import type { Host } from './host.ts'

/** What the code of a worker's tasks sends goes to the worker's own broker, wherever its threads and children run. */
const fileVariable = 'TASKBEAT_WORKER_CONFIG'
const brokerVariable = 'TASKBEAT_WORKER_BROKER'
const credentialsVariable = 'TASKBEAT_WORKER_CREDENTIALS'

/** Instead of a URL that holds a password. */
const secret = 'secret'

/**
 * To be called in a worker's process before it runs anything, with its environment. Commands do not see it: they get
 * what is listed.
 */
export function tellOwnTasks(
  { file, broker }: Pick<Settings, 'file' | 'broker'>,
  env: Record<string, string | undefined> = process.env,
): void {
  env[fileVariable] = file
  const place = toldPlace(broker, env.TASKBEAT_BROKER_URL)
  if (place !== undefined) env[brokerVariable] = place
  // Where they are is no secret, and whoever may not read them still may not.
  if (env.CREDENTIALS_DIRECTORY) env[credentialsVariable] = env.CREDENTIALS_DIRECTORY
}

/** Where the broker is, unless the file says it. The file may leave open where the embedded one is. */
function toldPlace(broker: Settings['broker'], url: string | undefined): string | undefined {
  if (broker.kind === 'sqlite') return `sqlite:${broker.path}`
  if (!url) return undefined
  return broker.urls.some(hasPassword) ? secret : url
}

function hasPassword(url: string): boolean {
  const address = parseAmqpUrl(url)
  return 'problem' in address || address.password !== undefined
}

/**
 * The configuration of the worker that this code runs in, and the host as it is to be read with; otherwise undefined.
 * Throws CONFIG_INVALID when where the worker's broker is cannot be told.
 */
export function ownWorker(host: Host): { readonly file: string; readonly host: Host } | undefined {
  const { [fileVariable]: file, [brokerVariable]: broker, [credentialsVariable]: credentials } = host.env
  if (!file) return undefined
  const { TASKBEAT_BROKER_URL: inherited } = host.env
  if (broker === secret && !inherited)
    throw new TaskbeatError(
      'CONFIG_INVALID',
      "the worker's TASKBEAT_BROKER_URL holds a password, which tasks are not told: for tasks that send, write broker.url and broker.password_file",
    )
  const env = {
    ...host.env,
    ...(broker && broker !== secret && { TASKBEAT_BROKER_URL: broker }),
    ...(credentials && { CREDENTIALS_DIRECTORY: credentials }),
  }
  return { file, host: { ...host, env } }
}
