import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openCliWorld } from './cli-world.ts'

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

test("init writes a schedule in the machine's zone and a task, and check finds nothing to say", async () => {
  const { directory, run } = openCliWorld()
  const { code, stdout } = await run('init', 'web')
  expect(stdout).toBe(
    'wrote web/schedules.yaml\nwrote web/tasks/hello.ts\nnow watch it run: cd web && taskbeat dev\n',
  )
  expect(code).toBe(0)
  expect(readFileSync(join(directory, 'web/schedules.yaml'), 'utf8')).toContain(`\ntimezone: ${zone} `)
  const checked = await run('check', '--strict', 'web/schedules.yaml')
  expect(checked).toMatchObject({ code: 0, stderr: '' })
})

test('init writes nothing where something is already', async () => {
  const { directory, run, write } = openCliWorld()
  write('web/tasks/hello.ts', 'mine')
  const { code, stderr } = await run('init', 'web')
  expect(stderr).toBe('web/tasks/hello.ts is there already; nothing was written\n')
  expect(code).toBe(1)
  expect(readFileSync(join(directory, 'web/tasks/hello.ts'), 'utf8')).toBe('mine')
})

test('init says what it cannot write', async () => {
  const { run, write } = openCliWorld()
  write('file', '')
  const { code, stderr } = await run('init', 'file/below')
  expect(stderr).toMatch(/^cannot write file\/below\/schedules.yaml: /)
  expect(code).toBe(1)
})
