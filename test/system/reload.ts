/** The schedule is edited while what it said is on its way already: emitted ahead of its time, and waiting. */
import { eventually } from '../support/eventually.ts'
import type { TaskbeatProcess } from '../support/taskbeat-process.ts'
import type { World } from '../support/world.ts'

/** How a beat and a worker come to know of an edit. */
export type Way = 'SIGHUP' | 'restart'

/** From the start to the instant at which everything is due; the edits are made before. */
const aheadMs = { SIGHUP: 7_000, restart: 11_000 }

interface Times {
  readonly due: string
  readonly later: string
}

type Entries = Readonly<Record<string, string>>

const before = ({ due }: Times): Entries => ({
  kept: `{ at: "${due}", command: [./note, old] }`,
  removed: `{ at: "${due}", command: [./note, old] }`,
  'removed-and-back': `{ at: "${due}", command: [./note, old] }`,
  command: `{ at: "${due}", command: [./note, old] }`,
  arguments: `{ at: "${due}", task: note-arguments, args: [old] }`,
  moved: `{ at: "${due}", command: [./note, old] }`,
})

const between = (times: Times): Entries => {
  const { removed: _removed, 'removed-and-back': _gone, ...others } = before(times)
  return {
    ...others,
    command: `{ at: "${times.due}", command: [./note, new] }`,
    arguments: `{ at: "${times.due}", task: note-arguments, args: [new] }`,
    moved: `{ at: "${times.later}", command: [./note, old] }`,
    added: `{ at: "${times.due}", command: [./note, new] }`,
  }
}

const after = (times: Times): Entries => ({
  ...between(times),
  'removed-and-back': `{ at: "${times.due}", command: [./note, new] }`,
})

const expected = [
  'added new',
  'arguments new',
  'command new',
  'kept old',
  'moved old, later',
  'removed-and-back new',
]

/** Throws unless exactly what the last edit says has run, once each. */
export async function editOnTheWay(world: World, way: Way): Promise<void> {
  const at = Date.now() + aheadMs[way]
  const times = { due: new Date(at).toISOString(), later: new Date(at + 1_500).toISOString() }
  world.write(
    'note-arguments',
    '#!/bin/sh\nread -r input\ncase $input in *old*) ./note old ;; *) ./note new ;; esac\n',
    0o755,
  )
  configure(world, before(times))
  let services = await start(world)
  await services.beat.said(/^emitted/)
  for (const entries of [between(times), after(times)]) {
    configure(world, entries)
    services = await take(world, services, way)
    if (Date.now() > at - 200)
      throw new Error('this machine was too slow: it was due before the edits were made')
  }
  await services.worker.said((line) => line.entry === 'moved' && 'outcome' in line)
  await eventually(
    'nothing waits any more',
    () => world.query('broker', 'SELECT 1 FROM messages').length === 0,
  )
  const ran = world
    .notes()
    .map(({ word, entry, due }) => `${entry} ${word}${due > at ? ', later' : ''}`)
    .sort()
  if (JSON.stringify(ran) !== JSON.stringify(expected))
    throw new Error(
      `after the edits (${way}) these should have run: ${expected.join('; ')}\nand these have: ${ran.join('; ')}`,
    )
  await Promise.all([services.beat.stop(), services.worker.stop()])
}

interface Services {
  readonly beat: TaskbeatProcess
  readonly worker: TaskbeatProcess
}

async function start(world: World): Promise<Services> {
  const services = { beat: world.beat(), worker: world.worker() }
  await Promise.all([services.beat.said(/^leading/), services.worker.said(/^working on/)])
  return services
}

async function take(world: World, services: Services, way: Way): Promise<Services> {
  const { beat, worker } = services
  if (way === 'restart') {
    await Promise.all([beat.stop(), worker.stop()])
    const started = await start(world)
    await started.beat.said(/^of what was emitted ahead/)
    return started
  }
  const marks = { beat: beat.mark, worker: worker.mark }
  worker.signal('SIGHUP')
  await worker.said(/^tasks reloaded/, { mark: marks.worker })
  beat.signal('SIGHUP')
  await beat.said(/^of what was emitted ahead/, { mark: marks.beat })
  return services
}

function configure(world: World, entries: Entries): void {
  const lines = Object.entries(entries).map(([name, value]) => `  ${name}: ${value}`)
  world.configure(
    `beat: { lookahead: 30s }\ntasks: { note-arguments: { command: [./note-arguments], stdin: json } }\nschedules:\n${lines.join('\n')}\n`,
  )
}
