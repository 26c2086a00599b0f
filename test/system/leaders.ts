/** Two beats share one state directory: one leads, and when it goes the other goes on as if nothing had happened. */

import { assertSound, audit, type ExpectedEntry } from '../support/audit.ts'
import { judgeLateness, type Lateness, startControlTimer } from '../support/control-timer.ts'
import { median } from '../support/median.ts'
import { notingModule } from '../support/noting-module.ts'
import { settled } from '../support/settled.ts'
import type { TaskbeatProcess } from '../support/taskbeat-process.ts'
import type { World } from '../support/world.ts'

export interface LeadersDose {
  /** Of the leader, by kill -9. */
  readonly kills: number
  /** Of the leader, by SIGTERM. */
  readonly stops: number
}

export interface LeadersFigures {
  readonly kills: number
  readonly stops: number
  readonly due: number
  readonly starts: number
  readonly slowestTakeoverMs: number
  /** From SIGTERM to the successor's lead, the middle one of all. */
  readonly handoverMs: number
  readonly lateness: Lateness
}

const names = Array.from({ length: 8 }, (_, index) => `pulse-${index}`)
const entries = names.map(
  (name): ExpectedEntry => ({ name, isDue: () => true, missed: 'skip', overlap: 'allow' }),
)

const mostHandoverMs = 200
/** A takeover that made something late would make it late by the second after which a standby looks again. */
const mostLateMs = 250

export async function passTheLead(world: World, { kills, stops }: LeadersDose): Promise<LeadersFigures> {
  const lines = names.map((name) => `  ${name}: { every: 1s, task: note, missed: skip, overlap: allow }`)
  world.configure(
    `beat: { lookahead: 10s }\nworker: { modules: [./tasks.ts], concurrency: 20 }\nschedules:\n${lines.join('\n')}\n`,
  )
  world.write('tasks.ts', notingModule)
  await world.worker().said(/^working on/)
  let leader = world.beat()
  const after = Date.parse(String((await leader.said(/^nothing before/)).at))
  const takeovers: number[] = []
  const handovers: number[] = []
  await using control = await startControlTimer()
  for (let change = 0; change < kills + stops; change++) {
    const { heir, endedAt } = await succeed(world, leader, change < kills ? 'SIGKILL' : 'SIGTERM')
    const took = (await heir.said(/^leading/)).time - endedAt
    const list = change < kills ? takeovers : handovers
    list.push(took)
    await heir.said(/^emitted/)
    leader = heir
  }
  const through = Date.now()
  await settled(world, through)
  const result = audit(world, { entries, after, through })
  assertSound(result)
  const notes = world.notes('start').filter(({ due }) => due <= through && due > after + 1_000)
  const lateness = judgeLateness(notes, control.stalls)
  const figures: LeadersFigures = {
    kills,
    stops,
    due: result.figures.due,
    starts: result.figures.starts,
    slowestTakeoverMs: Math.max(...takeovers),
    handoverMs: median(handovers),
    lateness,
  }
  if (result.figures.missed + result.figures.repeats > 0 || result.figures.starts < result.figures.due)
    throw new Error(`nothing may be missed or doubled: ${JSON.stringify({ ...result.figures, ...figures })}`)
  if (!(lateness.max <= mostLateMs && lateness.earliest >= 0))
    throw new Error(`a change of the lead made something late: ${JSON.stringify(figures)}`)
  if (!(figures.handoverMs <= mostHandoverMs))
    throw new Error(`a clean stop hands over in ${mostHandoverMs} ms: ${JSON.stringify(figures)}`)
  return figures
}

/** Ends the leader while another beat stands by. */
async function succeed(
  world: World,
  leader: TaskbeatProcess,
  signal: NodeJS.Signals,
): Promise<{ readonly heir: TaskbeatProcess; readonly endedAt: number }> {
  const heir = world.beat()
  await heir.said(/^schedule loaded/)
  await leader.said(/^emitted/, { mark: leader.mark })
  if (heir.log.some(({ message }) => message.startsWith('leading'))) throw new Error('two beats lead')
  const endedAt = Date.now()
  leader.signal(signal)
  const { code, stderr } = await leader.ended
  if (signal === 'SIGTERM' && code !== 0) throw new Error(`the leader ended with ${code}: ${stderr}`)
  return { heir, endedAt }
}
