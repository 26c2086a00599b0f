/**
 * Events become lines here, and nowhere else: what a beat, a worker and a broker do is told once, as an event, and
 * whoever wants to know listens. The log is one listener.
 *
 * A run's end is told at info and a failure at error; starts and emissions at debug. Every line of a run carries
 * entry, task, id and attempt as far as they exist, under the same names everywhere.
 */
import type { BeatEvent } from '../beat/beat-event.ts'
import type { BrokerEvent } from '../broker/broker-event.ts'
import type { WorkerEvent } from '../worker/worker-event.ts'
import type { Line } from './line.ts'
import { narrateBeat } from './narrate-beat.ts'
import { narrateBroker } from './narrate-broker.ts'
import { narrateWorker } from './narrate-worker.ts'

/** Everything that is told. The parts are named, for some of their kinds could sound alike. */
export type TaskbeatEvent =
  | { readonly from: 'beat'; readonly event: BeatEvent }
  | { readonly from: 'worker'; readonly event: WorkerEvent }
  | { readonly from: 'broker'; readonly event: BrokerEvent }

export function narrate(told: TaskbeatEvent): Line {
  switch (told.from) {
    case 'beat':
      return narrateBeat(told.event)
    case 'worker':
      return narrateWorker(told.event)
    case 'broker':
      return narrateBroker(told.event)
  }
}
