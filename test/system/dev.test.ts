import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { expectTook } from '../support/expect-took.ts'
import { openWorld } from '../support/test-world.ts'

const example = fileURLToPath(new URL('../../schedules.example.yaml', import.meta.url))

test('dev runs the first task of the example within ten seconds, and Ctrl-C ends it within a second', async () => {
  const world = openWorld()
  const dev = world.start('dev', '--config', example)
  await dev.said(/^heartbeat succeeded/, { withinMs: 10_000 })
  const asked = Date.now()
  dev.signal('SIGINT')
  expect((await dev.ended).code).toBe(0)
  expectTook(Date.now() - asked, 1_000)
  expect(world.processesOfRuns()).toEqual([])
})

test('what init writes runs in dev as it is', async () => {
  const world = openWorld()
  expect((await world.start('init', '.').ended).code).toBe(0)
  const dev = world.start('dev', '--config', 'schedules.yaml')
  await dev.said(/hello, world/, { withinMs: 20_000 })
  await dev.said(/^greeting succeeded/)
  dev.signal('SIGINT')
  expect((await dev.ended).code).toBe(0)
})
