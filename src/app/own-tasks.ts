import type { Settings } from '../config/settings.ts'
import type { Host } from './host.ts'

/** What the code of a worker's tasks sends goes to the worker's own broker, wherever its threads and children run. */
const fileVariable = 'TASKBEAT_WORKER_CONFIG'
const brokerVariable = 'TASKBEAT_WORKER_BROKER'

/** To be called in a worker's process before it runs anything. Commands do not see it: they get what is listed. */
export function tellOwnTasks({ file, broker }: Settings): void {
  process.env[fileVariable] = file
  // The file may leave open where the embedded broker is; a URL for RabbitMQ may hold a password, and is in the file.
  if (broker.kind === 'sqlite') process.env[brokerVariable] = `sqlite:${broker.path}`
}

/** The configuration of the worker that this code runs in, and the host as it is to be read with; otherwise undefined. */
export function ownWorker(host: Host): { readonly file: string; readonly host: Host } | undefined {
  const { [fileVariable]: file, [brokerVariable]: broker } = host.env
  if (!file) return undefined
  const env = broker ? { ...host.env, TASKBEAT_BROKER_URL: broker } : host.env
  return { file, host: { ...host, env } }
}
