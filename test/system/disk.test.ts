import { expect, test } from 'vitest'
import { requires } from '../support/requirements.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { openWorld } from '../support/test-world.ts'
import { endureFullDisk } from './full-disk.ts'

test('a full disk is told of once, loses nothing that was accepted, and is over when there is room again', async (context) => {
  const world = openWorld()
  const disk = mountSmallDisk(world.stateDir, 8)
  requires(context, disk !== undefined, 'root, to mount a small disk')
  if (!disk) return
  world.use(disk)
  const figures = await endureFullDisk(world, disk, { rounds: 1, seconds: 8 })
  await context.annotate(JSON.stringify(figures))
}, 120_000)

test('on a disk that is read-only beat and worker do not start and say why, and start when it can be written', async (context) => {
  const world = openWorld()
  const disk = mountSmallDisk(world.stateDir, 8)
  requires(context, disk !== undefined, 'root, to mount a small disk')
  if (!disk) return
  world.use(disk)
  world.configure('schedules: { tick: { every: 1s, command: [./note, start] } }\n')
  for (const everStarted of [false, true]) {
    disk.remount('ro')
    for (const process of [world.beat(), world.worker()]) {
      const { code, stderr } = await process.ended
      expect(code).toBe(1)
      const said = `${stderr}${process.lines.join('\n')}`
      expect(said).toContain(world.stateDir)
      expect(said, `started before: ${everStarted}`).toMatch(/read-only|EROFS/)
      expect(process.log.filter(({ level }) => level === 'error')).toHaveLength(1)
    }
    disk.remount('rw')
    const worker = world.worker()
    const beat = world.beat()
    await worker.said(/^tick succeeded/)
    await Promise.all([beat.stop(), worker.stop()])
  }
})
