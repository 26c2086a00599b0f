import { expect, test } from 'vitest'
import { openBox } from '../support/open-box.ts'

test("a member of the group taskbeat sends and looks, another user is told what is missing, and root leaves nothing of root's", async (context) => {
  const box = await openBox(context)
  await box.configure(
    'timezone: UTC\nschedules: {}\ntasks: { hello: { command: [echo, hello], timeout: 1m } }\n',
  )
  await box.run('useradd -G taskbeat member; useradd stranger; systemctl start taskbeat taskworker')
  const as = (user: string, command: string): string => `cd /; runuser -u ${user} -- ${command}`
  await box.run(as('member', 'taskbeat send hello --wait'))
  expect(await box.run(as('member', 'taskbeat runs hello'))).toMatch(/hello.*succeeded/)
  expect(await box.run(as('member', 'taskbeat status'))).toContain('leads')

  for (const command of ['taskbeat send hello', 'taskbeat runs', 'taskbeat status']) {
    const refused = await box.ask(as('stranger', command))
    expect(refused.code).toBe(1)
    expect(refused.output).toMatch(/permission denied.*group taskbeat/i)
  }

  await box.run(
    'taskbeat send hello --wait; taskbeat status; taskbeat runs; systemctl stop taskbeat taskworker',
  )
  await box.run('taskbeat send hello; taskbeat runs; taskbeat status')
  expect(
    await box.run('find /var/lib/taskbeat ! -user taskbeat ! \\( -group taskbeat -perm -g+rw \\) -ls'),
  ).toBe('')
  await box.run('systemctl start taskbeat taskworker')
  await box.until('test $(taskbeat runs hello --json | grep -c succeeded) -eq 3')
  expect(await box.journal('taskworker', '-p err')).toBe('')
})

test('a worker as root runs commands as taskbeat or as whom they name, and shares the state with a beat that is not root', async (context) => {
  const box = await openBox(context)
  await box.configure(`timezone: UTC
schedules:
  plain: { every: 1s, command: [id, -un], timeout: 1m }
  top: { every: 1s, command: [id, -un], user: root, timeout: 1m }
  other: { every: 1s, command: [id, -un], user: nobody, timeout: 1m }
`)
  await box.run(`
mkdir -p /etc/systemd/system/taskworker.service.d
cp /opt/taskbeat/init/systemd/drop-ins/root.conf /etc/systemd/system/taskworker.service.d/
systemctl daemon-reload
systemctl start taskworker
systemctl start taskbeat`)
  for (const [entry, user] of Object.entries({ plain: 'taskbeat', top: 'root', other: 'nobody' }))
    await box.until(`journalctl -q -o cat -u taskworker -t task:${entry} | grep ${user}`)
  await box.run('systemctl reload taskbeat && systemctl restart taskbeat')
  await box.run(
    'systemctl stop taskworker && rm /etc/systemd/system/taskworker.service.d/root.conf && systemctl daemon-reload',
  )
  await box.run('systemctl start taskworker')
  await box.until('journalctl -q -o cat -u taskworker | grep "top failed.*only one that runs as root"')
})
