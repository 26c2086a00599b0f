import { expect, test } from 'vitest'
import { connectApp } from '../../src/app/connect.ts'
import { CeleryApp, useCelery } from '../support/celery.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'

const rabbitmq = useRabbitmq()
useCelery()

const tasks = `
import { defineTask, Permanent } from 'taskbeat'

export const add = defineTask('results.add', (ctx, x, y) => ({ sum: x + y, attempt: ctx.attempt }))
export const nothing = defineTask('results.nothing', () => {})
export const big = defineTask('results.big', () => 2n ** 64n)
export const fail = defineTask('results.fail', () => { throw new RangeError('out of range') })
`

test('a Python application gets the results of what it sends to us, and the errors', async () => {
  const url = await rabbitmq.url()
  const world = openWorld()
  world.configure(`broker: { url: "${url}" }\nschedules: {}\nworker: { modules: [./tasks.ts] }\n`)
  world.write('tasks.ts', tasks)
  const worker = world.worker()
  await worker.said(/^working on/)
  const told = await new CeleryApp(world, url).call(
    'app.conf.result_backend = "rpc://"',
    'def result(name, *args, **options):',
    '    sent = app.send_task(name, args, queue="taskbeat", **options)',
    '    try:',
    '        return sent.get(timeout=15)',
    '    except Exception as error:',
    '        return [type(error).__name__, str(error), sent.status]',
    'print(json.dumps([result("results.add", 4, 4), result("results.nothing"), result("results.fail"),',
    '  result("results.big"),',
    '  result("results.add", 1, 1, countdown=1, expires=0.5)]))',
  )
  expect(told).toEqual([
    { sum: 8, attempt: 1 },
    null,
    ['RangeError', 'out of range', 'FAILURE'],
    ['EncodeError', expect.stringMatching(/^its result is not JSON: .*BigInt/), 'FAILURE'],
    ['TaskRevokedError', 'expired', 'REVOKED'],
  ])
})

/** In the place of the usual one: its worker tells results to whoever asks for them. */
const pythonApp = `
import os
from celery import Celery

app = Celery('shop', broker=os.environ['BROKER_URL'], backend='rpc://')

@app.task(name='tasks.add')
def add(*args):
    return args
`

test("what we send to Celery's worker has its result here", { timeout: 60_000 }, async () => {
  const url = await rabbitmq.url()
  const world = openWorld()
  world.write('celery_app.py', pythonApp)
  await new CeleryApp(world, url).worker()
  await using app = await connectApp(url)
  const sent = await app.send('tasks.add', [4, { ü: [null] }], { queue: 'celery' })
  expect(await sent.result({ timeout: '20s' })).toEqual([4, { ü: [null] }])
  const wrong = await app.send('tasks.none', [], { queue: 'celery' })
  await expect(wrong.result({ timeout: '20s' })).rejects.toMatchObject({
    errorName: 'NotRegistered',
    outcome: 'failed',
  })
})
