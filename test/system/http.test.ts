import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ListenAddress } from '../../src/config/settings.ts'
import { type Answer, askHttp } from '../support/ask-http.ts'
import { eventually } from '../support/eventually.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { freePort } from '../support/rabbitmq-control.ts'
import { openRelay } from '../support/test-relay.ts'
import { openWorld } from '../support/test-world.ts'
import type { World } from '../support/world.ts'

const rabbitmq = useRabbitmq()

/** A world whose beat answers at a port and whose worker at a socket. */
async function openMonitoredWorld(yaml: string): Promise<{
  readonly world: World
  readonly beatPlace: ListenAddress
  readonly workerPlace: ListenAddress
}> {
  const world = openWorld()
  const port = await freePort()
  world.configure(`http: { beat: "127.0.0.1:${port}", worker: unix:./worker.sock }\n${yaml}`)
  return {
    world,
    beatPlace: { kind: 'tcp', host: '127.0.0.1', port },
    workerPlace: { kind: 'unix', path: join(world.directory, 'worker.sock') },
  }
}

/** Asks until the answer is as it should be, and hands it over. */
async function answered(
  what: string,
  place: ListenAddress,
  path: string,
  fits: (answer: Answer) => boolean,
): Promise<Answer> {
  let last: Answer | undefined
  const ask = (): void => {
    void askHttp(place, path).then(
      (answer) => {
        last = answer
      },
      () => {},
    )
  }
  return await eventually(
    what,
    () => {
      ask()
      return last && fits(last) ? last : undefined
    },
    { everyMs: 100 },
  )
}

function figure(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? Number.NaN)
}

test('beat and worker say that they are well and ready, and what they have done', async () => {
  const { world, beatPlace, workerPlace } = await openMonitoredWorld(
    'schedules: { tick: { every: 1s, command: [./note, ran] }, bad: { every: 1s, shell: exit 3 } }',
  )
  const worker = world.worker()
  const beat = world.beat()
  await worker.said(/^tick succeeded/)
  await worker.said(/^bad failed/)
  for (const place of [beatPlace, workerPlace])
    for (const path of ['/healthz', '/readyz'])
      expect(await askHttp(place, path)).toMatchObject({ status: 200, body: 'ok\n' })
  const ofBeat = (await askHttp(beatPlace, '/metrics')).body
  expect(figure(ofBeat, 'taskbeat_leading')).toBe(1)
  expect(figure(ofBeat, 'taskbeat_entries')).toBe(2)
  expect(figure(ofBeat, 'taskbeat_occurrences_emitted_total')).toBeGreaterThan(20)
  expect(figure(ofBeat, 'taskbeat_queue_messages{queue="taskbeat",state="scheduled"}')).toBeGreaterThan(10)
  expect(figure(ofBeat, 'taskbeat_workers')).toBe(1)
  expect(figure(ofBeat, 'taskbeat_next_due_timestamp_seconds') * 1_000).toBeGreaterThan(Date.now())
  expect(figure(ofBeat, 'process_resident_memory_bytes')).toBeGreaterThan(1e6)
  const { body: ofWorker, headers } = await askHttp(workerPlace, '/metrics')
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
  const ran = figure(ofWorker, 'taskbeat_runs_total{task="tick",outcome="succeeded"}')
  expect(ran).toBeGreaterThan(0)
  expect(ran).toBeLessThanOrEqual(world.notes('ran').length)
  expect(figure(ofWorker, 'taskbeat_runs_total{task="bad",outcome="failed"}')).toBeGreaterThan(0)
  expect(figure(ofWorker, 'taskbeat_lateness_seconds_count')).toBeGreaterThanOrEqual(2)
  expect(figure(ofWorker, 'taskbeat_last_success_timestamp_seconds{entry="tick"}') * 1_000).toBeGreaterThan(
    Date.now() - 60_000,
  )
  expect(figure(ofWorker, 'taskbeat_ready')).toBe(1)
  await Promise.all([beat.stop(), worker.stop()])
})

test('a worker that stops is not ready any more, and answers until it ends', async () => {
  const { world, workerPlace } = await openMonitoredWorld(
    'schedules: { long: { every: 1h, shell: "./note start; while [ ! -e go ]; do sleep 0.1; done" } }',
  )
  const worker = world.worker()
  await worker.said(/^working on/)
  await world.start('trigger', 'long', '--config', 'schedules.yaml').ended
  await eventually('it runs', () => world.notes('start').length === 1)
  worker.signal('SIGTERM')
  await worker.said(/^stopping/)
  expect(await askHttp(workerPlace, '/readyz')).toMatchObject({ status: 503, body: 'it takes no work\n' })
  expect(await askHttp(workerPlace, '/healthz')).toMatchObject({ status: 200 })
  expect(figure((await askHttp(workerPlace, '/metrics')).body, 'taskbeat_executing')).toBe(1)
  world.write('go', '')
  expect((await worker.ended).code).toBe(0)
})

test('a port that is taken keeps a service from starting, with a clear word', async () => {
  const { world, beatPlace } = await openMonitoredWorld('schedules: {}')
  await world.beat().said(/^leading/)
  const second = world.beat()
  const { message } = await second.said(/cannot listen/)
  const place = beatPlace.kind === 'tcp' ? beatPlace.port : ''
  expect(message).toBe(`http: cannot listen on 127.0.0.1:${place}: it is in use`)
  expect((await second.ended).code).toBe(1)
})

test('dev answers for both', async () => {
  const { world, beatPlace, workerPlace } = await openMonitoredWorld(
    'schedules: { tick: { every: 1s, command: [./note, ran] } }',
  )
  const dev = world.start('dev', '--config', 'schedules.yaml')
  await dev.said(/^tick succeeded/)
  const [ofBeat, ofWorker] = await Promise.all(
    [beatPlace, workerPlace].map(async (place) => (await askHttp(place, '/metrics')).body),
  )
  expect(figure(ofBeat ?? '', 'taskbeat_occurrences_emitted_total')).toBeGreaterThan(0)
  expect(figure(ofWorker ?? '', 'taskbeat_runs_total{task="tick",outcome="succeeded"}')).toBeGreaterThan(0)
  expect((await dev.stop()).code).toBe(0)
})

test('without its RabbitMQ a process is well and not ready, and still has figures', async () => {
  const relay = await openRelay(rabbitmq.node)
  const { world, beatPlace, workerPlace } = await openMonitoredWorld(
    `broker: { url: "${relay.url(await rabbitmq.url())}" }\nschedules: { tick: { every: 1s, command: [./note, ran] } }`,
  )
  const worker = world.worker()
  const beat = world.beat()
  await worker.said(/^tick succeeded/)
  const places = [beatPlace, workerPlace]
  for (const place of places) await answered('it is ready', place, '/readyz', ({ status }) => status === 200)
  const { body: before } = await askHttp(beatPlace, '/metrics')
  for (const link of ['lead', 'publish']) expect(figure(before, `taskbeat_link_up{link="${link}"}`)).toBe(1)
  expect(figure(before, 'taskbeat_workers')).toBe(1)
  await relay[Symbol.asyncDispose]()
  for (const place of places) {
    const { body } = await answered('it is not ready', place, '/readyz', ({ status }) => status === 503)
    expect(body).toMatch(/^waiting for the broker: /)
    expect(await askHttp(place, '/healthz')).toMatchObject({ status: 200 })
  }
  const { body: after } = await answered(
    'the last answer of the broker is too old to be shown',
    beatPlace,
    '/metrics',
    ({ body }) => !/^taskbeat_workers/m.test(body),
  )
  expect(figure(after, 'taskbeat_link_up{link="publish"}')).toBe(0)
  expect(figure(after, 'taskbeat_ready')).toBe(0)
  await Promise.all([beat.stop(), worker.stop()])
})
