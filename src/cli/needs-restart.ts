import { relative } from 'node:path'
import { describeBroker } from '../app/open-broker.ts'
import type { ListenAddress, Settings } from '../config/settings.ts'

/** What a reload does not change, by the names of the file. Small: it is kept as long as the process runs. */
export type Fixed = Readonly<Record<string, string | number>>

/** What a process consists of. */
interface Parts {
  readonly beat: boolean
  readonly worker: boolean
}

/** Of these settings, what holds until a restart. */
export function fixedOf(settings: Settings, parts: Parts): Fixed {
  const { stateDir, broker, beat, http, log } = settings
  const place = describeBroker(broker)
  const besideState = relative(stateDir, place)
  return {
    state_dir: stateDir,
    // A database inside the state directory moves with it, which is one change and not two.
    'broker.url': broker.kind === 'amqp' || besideState.startsWith('..') ? place : besideState,
    ...(parts.beat && { 'broker.group': broker.group, 'beat.lookahead': beat.lookahead }),
    ...(parts.beat && { 'http.beat': describePlace(http.beat) }),
    ...(parts.worker && { 'http.worker': describePlace(http.worker) }),
    'log.format': log.format,
  }
}

function describePlace(address: ListenAddress | undefined): string {
  if (!address) return ''
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`
}

/** The names of those that differ. */
export function needsRestart(running: Fixed, changed: Fixed): readonly string[] {
  return Object.keys(running).filter((name) => running[name] !== changed[name])
}
