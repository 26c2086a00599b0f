/**
 * The broker has too little memory and takes nothing from anybody for a while: beat, worker and sender wait, say so,
 * need no more memory than before, and go on by themselves when it takes messages again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'
import { firstSaid, type Reckoning, TwoHosts } from '../support/two-hosts.ts'
import type { World } from '../support/world.ts'

export interface AlarmDose {
  readonly alarms: number
  readonly seconds: number
  readonly perSecond: number
  readonly seed: number
}

export interface AlarmFigures extends Reckoning {
  readonly alarms: number
  /** From the end of the alarm until a beat has emitted. */
  readonly slowestBackMs: number
}

/** The broker tells the end of an alarm, and who was refused is told within a second. */
const backWithinMs = 2_000

export async function endureAlarms(
  first: World,
  { alarms, seconds, perSecond, seed }: AlarmDose,
): Promise<AlarmFigures> {
  await using node = await RabbitmqNode.start()
  const url = `amqp://guest:guest@${node.host}:${node.port}`
  await using two = await TwoHosts.open(first, { urls: [url, url], senderUrl: url })
  two.sender.begin(perSecond, () => ({ task: 'note' }))
  await two.measure()
  const back: number[] = []
  for (let alarm = 0; alarm < alarms; alarm++) {
    const from = Date.now()
    await node.evaluate('vm_memory_monitor:set_vm_memory_high_watermark(0.0001)')
    await firstSaid(two.beats, saidSince(/ takes nothing for now /, from))
    await firstSaid(two.beats, saidSince(/^nothing can be emitted/, from))
    await delay(seconds * 1_000)
    await node.evaluate('vm_memory_monitor:set_vm_memory_high_watermark(0.4)')
    const to = Date.now()
    two.faults.push({ from, to })
    const again = await firstSaid(two.beats, saidSince(/^emitted/, to))
    back.push(again.time - to)
    await firstSaid(two.beats, saidSince(/^emitting again after/, to))
    await delay(2_000)
  }
  const slowestBackMs = Math.max(...back)
  const late =
    slowestBackMs > backWithinMs ? [`nothing was emitted for ${slowestBackMs} ms after an alarm`] : []
  return { ...(await two.reckon(seed, late)), alarms, slowestBackMs }
}

function saidSince(what: RegExp, since: number): (line: { message: string; time: number }) => boolean {
  return ({ message, time }) => time >= since && what.test(message)
}
