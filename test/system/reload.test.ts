import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openWorld } from '../support/test-world.ts'
import { editOnTheWay } from './reload.ts'

describe('what was emitted already follows an edit: added, removed, changed, moved, removed and added again', () => {
  test('by SIGHUP', async () => {
    await editOnTheWay(openWorld(), 'SIGHUP')
  })

  test('by stop, edit and start', async () => {
    await editOnTheWay(openWorld(), 'restart')
  })
})

const good = 'schedules: { tick: { every: 1s, command: [./note, start] } }\n'
const bad =
  'schedules:\n  tick: { every: 1s, comand: [./note, start] }\n  tock: { cron: "61 * * * *", shell: date }\n'
const badLines = [/schedules\.yaml:4:22: .*comand/, /schedules\.yaml:5:\d+: .*61/]

describe('a file with problems', () => {
  test('keeps the old schedule when it is reloaded, and every problem is logged with its place', async () => {
    const world = openWorld()
    world.configure(good)
    const worker = world.worker()
    const beat = world.beat()
    await worker.said(/^tick succeeded/)
    world.configure(bad)
    for (const process of [beat, worker]) {
      const mark = process.mark
      process.signal('SIGHUP')
      await process.said(/was not loaded; what was loaded before stays/, { mark })
      for (const line of badLines) await process.said(line, { mark })
    }
    await beat.said(/^emitted/, { mark: beat.mark })
    await worker.said(/^tick succeeded/, { mark: worker.mark })
  })

  test('ends a start with exit code 78 and every problem with its place, before anything is made', async () => {
    const world = openWorld()
    world.configure(bad)
    for (const process of [world.beat(), world.worker()]) {
      const { code, stderr } = await process.ended
      expect(code).toBe(78)
      for (const line of process.name.includes('beat') ? badLines : badLines.slice(0, 1))
        expect(stderr).toMatch(line)
      expect(existsSync(world.stateDir)).toBe(false)
    }
  })

  test('that is missing ends a start the same way', async () => {
    const world = openWorld()
    const { code, stderr } = await world.beat().ended
    expect(code).toBe(78)
    expect(stderr).toMatch(/^schedules\.yaml: /)
  })
})
