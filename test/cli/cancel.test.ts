import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Inbox } from '../support/inbox.ts'
import { connectSqlite } from '../support/sqlite-world.ts'
import { type CliWorld, openCliWorld } from './cli-world.ts'
import { writeJournal } from './journal-world.ts'
import { standInWorker } from './stand-in-worker.ts'

function openWorld(): CliWorld & { readonly takeWork: () => Inbox } {
  const world = openCliWorld('schedules: {}\ntasks: { t: { shell: x, timeout: 1m } }\n')
  const broker = connectSqlite(join(world.stateDir, 'broker.db'))
  writeJournal(world.stateDir)
  const takeWork = (): Inbox => {
    const inbox = new Inbox()
    broker.consume({ queues: ['taskbeat'], slots: 1, deliver: inbox.deliver })
    return inbox
  }
  return { ...world, takeWork }
}

test('what waits is dropped, and then it has ended', async () => {
  const { run } = openWorld()
  const id = (await run('send', 't', '--countdown', '1h')).stdout.trim()
  expect(await run('cancel', id)).toMatchObject({ code: 0, stdout: 'dropped\n' })
  const again = await run('cancel', id, '--json')
  expect(again.json()).toEqual({ id, answer: 'ended' })
  expect(again.stderr).toContain(`${id} has ended already\n`)
  expect(again.code).toBe(1)
})

test('what runs goes on, unless --abort tells it to end', async () => {
  const { run, takeWork } = openWorld()
  const inbox = takeWork()
  const id = (await run('send', 't')).stdout.trim()
  const delivery = await inbox.next()
  const asked = await run('cancel', id)
  expect(asked).toMatchObject({ code: 1, stdout: 'running\n' })
  expect(asked.stderr).toContain(`${id} runs already; --abort tells it to end\n`)
  expect(await run('cancel', id, '--abort')).toMatchObject({ code: 0, stdout: 'aborted\n' })
  await delivery.settle({ kind: 'ack' })
})

test('the beginning of an id that runs shows is enough', async () => {
  const world = openCliWorld('schedules: {}\ntasks: { t: { shell: x, timeout: 1m } }\n')
  const worker = standInWorker(world.stateDir, () => [{ kind: 'succeeded' }])
  const { id } = (await world.run('send', 't', '--wait', '--json')).json() as { id: string }
  await worker.stop()
  const { json } = await world.run('cancel', id.slice(0, 8), '--json')
  expect(json()).toMatchObject({ id })
})

test('a run that nobody knows cannot be cancelled, and it has to be named', async () => {
  const { run } = openWorld()
  const id = 'ffffffff-5b1e-4c0a-9d5e-0a4b7c2d9e11'
  const unknown = await run('cancel', id)
  expect(unknown).toMatchObject({ code: 1, stdout: 'unknown\n' })
  expect(unknown.stderr).toContain(`${id} is known to nobody; if it waits in a queue of RabbitMQ`)
  const part = await run('cancel', 'ffffffff')
  expect(part).toMatchObject({ code: 1, stdout: 'unknown\n' })
  expect(part.stderr).toContain(
    'ffffffff is known to nobody; an id has to be given in full, as show prints it\n',
  )
  expect((await run('cancel', '')).code).toBe(2)
})
