import { expect, test } from 'vitest'
import { openBox } from '../support/open-box.ts'
import type { SystemdBox } from '../support/systemd-box.ts'

/** Leaves the group and the session of whoever starts it, with nothing in its environment, twice. */
const hidden = 'setsid -f env -i setsid -f env -i sleep 1000'

const hiding = `
timezone: UTC
worker: { grace: 1s, modules: [./tasks.mjs] }
log: { level: debug }
schedules: {}
tasks:
  hide: { shell: "${hidden}; cat /proc/self/cgroup", timeout: 1m }
  late: { shell: "${hidden}; exec sleep 600", timeout: 300ms, kill_after: 100ms }
  other: { shell: "${hidden}; id -un", user: nobody, timeout: 1m }
  long: { shell: "${hidden}; touch /var/lib/taskbeat/begun; exec sleep 600", timeout: 1h, kill_after: 1s }
`

const module = `
import { execFileSync } from 'node:child_process'
import { defineTask } from 'taskbeat'
const spin = () => {
  execFileSync('sh', ['-c', '${hidden}'], { stdio: 'ignore' })
  for (;;);
}
export const busy = defineTask('busy', spin, { isolation: 'process', timeout: '1s' })
`

async function start(box: SystemdBox): Promise<void> {
  await box.configure(hiding)
  await box.write('/etc/taskbeat/tasks.mjs', module)
  await box.run('systemctl daemon-reload; systemctl start taskbeat taskworker')
}

const sleepers = async (box: SystemdBox): Promise<string> => (await box.ask('pgrep -a sleep')).output

/** Cgroups below that of the worker. */
const below = async (box: SystemdBox): Promise<string> =>
  await box.run('ls /sys/fs/cgroup/system.slice/taskworker.service | grep ^run- || true')

async function dropIn(box: SystemdBox, lines: string): Promise<void> {
  await box.write('/etc/systemd/system/taskworker.service.d/test.conf', `[Service]\n${lines}\n`)
}

test('nothing of a run is left when it has ended, at its limit, and when its worker was killed', async (context) => {
  const box = await openBox(context)
  await start(box)
  expect(await box.journal('taskworker')).toContain('each run has a cgroup of its own')
  await box.run('taskbeat send hide --wait')
  expect(await box.run('journalctl -q -o cat -t task:hide')).toMatch(/taskworker\.service\/run-\d+-\d+-\d+$/m)
  expect(await sleepers(box)).toBe('')
  for (const task of ['late', 'busy']) {
    expect((await box.ask(`taskbeat send ${task} --wait`)).output).toContain('limit')
    expect(await sleepers(box)).toBe('')
  }
  expect(await below(box)).toBe('')

  await box.run('taskbeat send long')
  await box.until('test -e /var/lib/taskbeat/begun')
  const pid = await box.show('taskworker', 'MainPID')
  await box.run('rm /var/lib/taskbeat/begun; mv /usr/bin/setsid /usr/bin/gone')
  await box.run('systemctl kill -s KILL --kill-who=main taskworker')
  await box.until(`systemctl show -p MainPID taskworker | grep -v "=0$" | grep -v "=${pid}$"`)
  // The run is taken over, and has only the one sleeper that does not hide.
  await box.until('test -e /var/lib/taskbeat/begun')
  expect(await sleepers(box)).toMatch(/^\d+ sleep 600$/)
  await box.run('systemctl stop taskworker')
  expect(await sleepers(box)).toBe('')
}, 60_000)

test('a worker of a queue, and one of root with a task of another user, have them too', async (context) => {
  const box = await openBox(context)
  await box.run(
    'install -D -t /etc/systemd/system/taskworker.service.d /opt/taskbeat/init/systemd/drop-ins/root.conf',
  )
  await start(box)
  await box.run('taskbeat send other --wait')
  expect(await box.run('journalctl -q -o cat -t task:other')).toBe('nobody')
  expect(await sleepers(box)).toBe('')
  await box.run('systemctl start taskworker@mail')
  await box.run('taskbeat send hide --queue mail --wait')
  expect(await box.run('journalctl -q -o cat -t task:hide')).toMatch(
    /taskworker@mail\.service\/run-\d+-\d+-\d+$/m,
  )
  expect(await sleepers(box)).toBe('')
}, 60_000)

test('a daemon outlives its run as a unit of its own: by a path unit, or by a task of root', async (context) => {
  const box = await openBox(context)
  await box.run(
    'install -D -t /etc/systemd/system/taskworker.service.d /opt/taskbeat/init/systemd/drop-ins/root.conf',
  )
  await box.write('/etc/systemd/system/daemon@.service', '[Service]\nExecStart=/usr/bin/sleep 10%i\n')
  await box.write(
    '/etc/systemd/system/daemon.path',
    '[Path]\nPathModified=/var/lib/taskbeat/wanted\nUnit=daemon@01.service\n',
  )
  await box.configure(`
timezone: UTC
schedules: {}
defaults: { timeout: 1m }
tasks:
  wish: { shell: "id -un > /var/lib/taskbeat/wanted" }
  start: { command: [systemctl, start, daemon@02], user: root }
`)
  await box.run('systemctl daemon-reload; systemctl start taskbeat taskworker daemon.path')
  await box.run('taskbeat send start --wait; taskbeat send wish --wait')
  await box.until('pgrep -f "sleep 1001"')
  await box.run('systemctl stop taskworker')
  const daemons = await sleepers(box)
  expect(daemons).toMatch(/sleep 1001$/m)
  expect(daemons).toMatch(/sleep 1002$/m)
  expect(await box.run('cat /var/lib/taskbeat/wanted')).toBe('taskbeat')
}, 60_000)

test('where it has none, that is said once, and what hides lives on until the stop', async (context) => {
  const box = await openBox(context)
  const run = async (): Promise<string> => {
    await start(box)
    await box.run('taskbeat send hide --wait')
    expect(await sleepers(box)).toMatch(/^\d+ sleep 1000$/)
    const said = (await box.journal('taskworker', '-o json'))
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly MESSAGE: string; readonly PRIORITY: string })
      .filter(({ MESSAGE: message }) => /cgroups? of (their|its) own/.test(message))
    await box.run('systemctl stop taskworker')
    expect(await sleepers(box)).toBe('')
    await box.run('journalctl -q --rotate --vacuum-time=1s')
    return said.map(({ MESSAGE: message, PRIORITY: priority }) => `${priority} ${message}`).join('\n')
  }
  const none = 'runs have no cgroups of their own, what they leave is found by its process group:'
  await dropIn(box, 'Delegate=no')
  expect(await run()).toMatch(new RegExp(`^6 ${none} EACCES: .*$`))
  await dropIn(box, 'Slice=other.slice')
  expect(await run()).toMatch(new RegExp(`^6 ${none} EROFS: .*$`))
  await dropIn(box, 'Environment=TASKBEAT_CGROUP_PER_RUN=no')
  expect(await run()).toMatch(new RegExp(`^7 ${none} TASKBEAT_CGROUP_PER_RUN is not yes$`))
}, 60_000)
