import { ConnectedApp } from '../client/app.ts'
import { attend } from '../client/attend.ts'
import { parseBrokerUrl } from '../config/broker-url-kind.ts'
import { didYouMean } from '../config/did-you-mean.ts'
import { queueNameProblem } from '../config/queue-name.ts'
import { atPlace } from '../config/read-broker.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../core/clock.ts'
import { TaskbeatError } from '../core/errors.ts'
import { findConfiguration, readConfiguration } from './configuration.ts'
import { openExistingBroker } from './existing-state.ts'
import { type Host, thisHost } from './host.ts'
import type { BrokerPlan } from './open-broker.ts'
import { ownWorker } from './own-tasks.ts'

/** How long a connection is waited for before that is an error. */
const patienceMs = 5_000

/** What an app works by: where messages go, and which tasks there are. */
interface Plan {
  readonly broker: BrokerPlan
  readonly queueOf: (task: string) => string | undefined
}

/**
 * Connects to the broker of this URL; without one, to that of the configuration which the commands find. Rejects with
 * BROKER_UNAVAILABLE after 5 s, with STATE_UNUSABLE where no beat or worker has made the broker's file, with
 * CONFIG_INVALID.
 */
export async function connectApp(url: string | undefined): Promise<ConnectedApp> {
  const host = thisHost()
  const plan = url === undefined ? await planOfConfiguration(host) : planOfUrl(url, host)
  const broker = openExistingBroker(plan.broker, host, { background: true })
  try {
    await attend(broker.results.ready(AbortSignal.timeout(patienceMs)))
  } catch (error) {
    await broker.close()
    throw error
  }
  return new ConnectedApp({
    broker,
    clock: systemClock,
    queueOf: plan.queueOf,
    queueProblem: queueNameProblem,
  })
}

function planOfUrl(url: string, { cwd }: Host): Plan {
  const place = parseBrokerUrl(String(url), cwd)
  if ('problem' in place) throw new TaskbeatError('USAGE', `the URL of the broker: ${place.problem}`)
  const broker = { broker: atPlace(place), queues: [], schedules: [], tasks: [], worker: { queues: [] } }
  return { broker, queueOf: () => undefined }
}

async function planOfConfiguration(host: Host): Promise<Plan> {
  const own = ownWorker(host)
  const path = own?.file ?? findConfiguration(undefined, 'client', host, () => {})
  const { settings } = await readConfiguration({ path, role: 'client' }, own?.host ?? host)
  return { broker: settings, queueOf: (task) => queueOf(settings, task) }
}

/** Where the file sends it. A task that it does not know may be one of a module, if it names any. */
function queueOf({ tasks, worker }: Settings, name: string): string | undefined {
  const task = tasks.find((each) => each.name === name)
  if (task) return task.queue
  if (worker.modules.length > 0) return undefined
  const known = tasks.map((each) => each.name)
  throw new TaskbeatError(
    'TASK_UNDEFINED',
    `the configuration defines no task ${name}${didYouMean(name, known)}`,
  )
}
