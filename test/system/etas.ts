/** Messages that are sent ahead of their time, some of which wait in the broker and some in a worker, run on time. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Instant, instant } from '../../src/core/instant.ts'
import { judgeLateness, type Lateness, startControlTimer } from '../support/control-timer.ts'
import { eventually } from '../support/eventually.ts'
import { notingModule } from '../support/noting-module.ts'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'
import { Sender } from '../support/sender.ts'
import { assertNone } from '../support/two-hosts.ts'
import type { World } from '../support/world.ts'

export interface EtasDose {
  /** How far ahead. */
  readonly seconds: readonly number[]
  /** Of each. */
  readonly messages: number
  /** What is due later than this waits in the broker. */
  readonly holdSeconds: number
}

/** By how far ahead they were sent. */
export type EtasFigures = Readonly<Record<string, Lateness>>

const mostLateMs = 100

export async function arriveOnTime(
  world: World,
  { seconds, messages, holdSeconds }: EtasDose,
): Promise<EtasFigures> {
  await using node = await RabbitmqNode.start()
  const url = `amqp://guest:guest@${node.host}:${node.port}`
  world.configure(
    `broker: { url: "${url}", hold: ${holdSeconds}s }\nworker: { modules: [./tasks.ts], concurrency: 50 }\n`,
  )
  world.write('tasks.ts', notingModule)
  await world.worker().said(/^connected .* \(taskbeat consume/)
  await using sender = new Sender(url)
  await using control = await startControlTimer()
  const etas = new Map<string, { readonly ahead: number; readonly eta: Instant }>()
  for (let count = 0; count < messages; count++) {
    const sent = seconds.map(async (ahead) => {
      const eta = instant(Date.now() + ahead * 1_000)
      const { message, confirmedAt } = await sender.send({ task: 'note', eta })
      if (confirmedAt !== undefined && confirmedAt > 0) etas.set(message.id, { ahead, eta })
    })
    await Promise.all(sent)
    await delay(50)
  }
  await eventually('all have run', () => world.notes('start').length >= etas.size, {
    withinMs: Math.max(...seconds) * 1_000 + 30_000,
    everyMs: 100,
  })
  const samples = world.notes('start').flatMap(({ id, at }) => {
    const sent = etas.get(id)
    return sent ? [{ ahead: sent.ahead, due: sent.eta, at }] : []
  })
  const figures = Object.fromEntries(
    seconds.map((ahead) => {
      const ofThese = samples.filter((sample) => sample.ahead === ahead)
      return [`${ahead}s`, judgeLateness(ofThese, control.stalls)]
    }),
  )
  const problems = Object.entries(figures).flatMap(([ahead, { earliest, p99, judged }]) => [
    ...(judged > 0 ? [] : [`${ahead}: the machine was too busy to judge any`]),
    ...(earliest >= 0 ? [] : [`${ahead}: one ran ${-earliest} ms early`]),
    ...(p99 <= mostLateMs ? [] : [`${ahead}: 1 of 100 was ${p99} ms late`]),
  ])
  if (etas.size !== seconds.length * messages) problems.push('not all were confirmed')
  if (samples.length !== etas.size) problems.push(`${etas.size} were sent, ${samples.length} ran`)
  assertNone(problems, figures)
  return figures
}
