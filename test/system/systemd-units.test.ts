import { expect, test } from 'vitest'
import { openBox } from '../support/open-box.ts'

test('systemd has nothing to say against the units, and their sandboxes are as tight as their work allows', async (context) => {
  const box = await openBox(context)
  const units = ['taskbeat.service', 'taskworker.service', 'taskworker@mail.service']
  expect(await box.run(`systemd-analyze verify --man=no ${units.join(' ')} 2>&1`)).toBe('')
  await box.run('systemctl start taskbeat taskworker taskworker@mail || true')
  const exposure = async (unit: string): Promise<number> =>
    Number(/: ([\d.]+) /.exec(await box.run(`systemd-analyze security --no-pager ${unit} | tail -n 1`))?.[1])
  expect(await exposure('taskbeat')).toBeLessThanOrEqual(1.5)
  expect(await exposure('taskworker')).toBeLessThanOrEqual(3.5)
  expect(await exposure('taskworker@mail')).toBeLessThanOrEqual(3.5)
})

test('the journal tells failures from the rest, a line for each thing, and nothing in it can be forged', async (context) => {
  const box = await openBox(context)
  await box.configure(`
timezone: UTC
log: { level: debug }
schedules: {}
tasks:
  fine: { shell: 'echo fine; echo "<3>forged"; printf "one\\\\rtwo\\\\n"', timeout: 1m }
  broken: { shell: "echo on stderr >&2; exit 3", timeout: 1m }
  long: { shell: "head -c 15000 /dev/zero | tr '\\\\0' x; echo end", timeout: 1m }
`)
  await box.run('systemctl start taskworker')
  await box.ask('taskbeat send fine --wait; taskbeat send broken --wait; taskbeat send long --wait')
  const said = async (task: string): Promise<string> =>
    await box.run(`journalctl -q -o cat -u taskworker -t task:${task}`)
  // Each has a stream of its own, and that of the service may be read first.
  await box.until('journalctl -q -o cat -t task:long | grep end')
  expect(await said('fine')).toBe('fine\n<3>forged\none\u{fffd}two')
  expect(await said('broken')).toBe('on stderr')
  expect((await said('long')).replaceAll(/\n( {2})?|…/g, '').trim()).toMatch(/^x+ ?x+end$/)
  const failures = await box.journal('taskworker', '-p err')
  expect(failures).toMatch(/^broken failed after [\d.]+m?s: exit code 3.* \([0-9a-f]{8}\)$/)
  const info = (await box.journal('taskworker', '-p info')).split('\n')
  expect(info).toEqual(expect.arrayContaining(['fine', '<3>forged', 'one\u{fffd}two', 'on stderr']))
  expect(info.some((line) => /^fine succeeded in [\d.]+m?s \([0-9a-f]{8}\)$/.test(line))).toBe(true)
  const { output } = await box.ask(
    'journalctl -q -o json -u taskworker SYSLOG_IDENTIFIER=taskworker | grep -c \'"PRIORITY":"7"\'',
  )
  expect(Number(output)).toBeGreaterThan(0)
})
