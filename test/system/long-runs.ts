/**
 * Runs that take longer than the broker lets a delivery be unacknowledged: each runs once, and again on another host
 * when its worker is killed.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { type HostNote, notesOf, openHosts } from '../support/hosts.ts'
import { TooBusyError } from '../support/pressure.ts'
import { RabbitmqNode } from '../support/rabbitmq-node.ts'
import { Sender } from '../support/sender.ts'
import { assertNone } from '../support/two-hosts.ts'
import type { World } from '../support/world.ts'

export interface LongRunsDose {
  /** Of the broker, and told to the workers. */
  readonly consumerTimeoutSeconds: number
  /** How often the broker looks who holds what for too long; by itself once a minute. */
  readonly tickMs?: number
  readonly runSeconds: number
  /** After so long the worker of one of the runs is killed. */
  readonly killAfterSeconds: number
}

export interface LongRunsFigures {
  readonly runs: number
  readonly starts: number
  /** From the kill until what it ran has begun on the other host. */
  readonly againAfterMs: number
}

/** The first host serves both queues, the second one of them. */
const queuesOf = ['[alone, both]', '[both]']

const schedule = (url: string, host: number, dose: LongRunsDose): string => `
broker: { url: "${url}", heartbeat: 2s, consumer_timeout: ${dose.consumerTimeoutSeconds}s }
worker: { queues: ${queuesOf[host]}, concurrency: 5 }
tasks:
  long: { shell: './note start; sleep ${dose.runSeconds}; ./note end' }
`

/** What a dead worker has held for long falls back to its queue after ten seconds. */
const againWithinMs = 10_000 + 5_000

export async function runForLong(first: World, dose: LongRunsDose): Promise<LongRunsFigures> {
  const { consumerTimeoutSeconds, tickMs = 60_000, runSeconds, killAfterSeconds } = dose
  await using node = await RabbitmqNode.start({ consumerTimeoutMs: consumerTimeoutSeconds * 1_000 })
  await node.evaluate(`application:set_env(rabbit, channel_tick_interval, ${tickMs})`)
  const url = `amqp://guest:guest@${node.host}:${node.port}`
  const hosts = openHosts(first, queuesOf.length)
  for (const [host, world] of hosts.entries()) world.configure(schedule(url, host, dose))
  const notes = (word: string, id: string): readonly HostNote[] =>
    notesOf(hosts, word).filter((note) => note.id === id)
  await using sender = new Sender(url)
  const begin = async (queue: string): Promise<HostNote> => {
    const { message } = await sender.send({ task: 'long', queue })
    return eventually(`the run of ${queue} has begun`, () => notes('start', message.id)[0])
  }

  const doomed = hosts[1]?.worker()
  const { id: interrupted, at: begunAt } = await begin('both')
  const worker = first.worker()
  const { id: undisturbed } = await begin('alone')
  await delay(Math.max(0, begunAt + killAfterSeconds * 1_000 - Date.now()))
  await doomed?.kill()
  const killedAt = Date.now()
  if (notes('end', interrupted).length > 0)
    throw new TooBusyError('it had ended before its worker was killed')
  const isAgain = ({ host }: HostNote): boolean => host === 0
  const again = await eventually('it runs again', () => notes('start', interrupted).find(isAgain), {
    withinMs: 60_000,
  })
  const withinMs = runSeconds * 1_000 + 20_000
  for (const id of [undisturbed, interrupted])
    await eventually('it has ended', () => notes('end', id).length > 0, { withinMs })
  // Until the broker has looked once more: what it still misses would come again.
  await delay(2 * tickMs)
  const { code } = await worker.stop()

  const figures = { runs: 2, starts: notesOf(hosts, 'start').length, againAfterMs: again.at - killedAt }
  const counts = await Promise.all(['alone', 'both'].map((queue) => node.queueCounts('/', queue)))
  const left = counts.reduce((sum, { ready, unacknowledged }) => sum + ready + unacknowledged, 0)
  assertNone(
    [
      ...(notes('start', undisturbed).length === 1 ? [] : ['the undisturbed run was started more than once']),
      ...(notes('start', interrupted).length === 2
        ? []
        : ['the interrupted run was started more than twice']),
      ...(figures.againAfterMs <= againWithinMs
        ? []
        : [`it ran again only after ${figures.againAfterMs} ms`]),
      ...(left === 0 ? [] : [`${left} messages are left in the queues`]),
      ...(code === 0 ? [] : [`the worker ended with ${code}`]),
    ],
    figures,
  )
  return figures
}
