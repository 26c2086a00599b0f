import { expect, test } from 'vitest'
import { openBox } from '../support/open-box.ts'
import type { SystemdBox } from '../support/systemd-box.ts'

/** A task that writes its slot down, each second; nothing that was due is left out. */
const noting = `
timezone: UTC
defaults: { timeout: 1m }
schedules:
  note: { every: 1s, missed: all, overlap: allow, shell: "echo $TASKBEAT_DUE >> /var/lib/taskbeat/notes" }
`

async function startNoting(box: SystemdBox): Promise<void> {
  await box.configure(noting)
  await box.run('systemctl start taskbeat taskworker')
  await box.until('test $(wc -l < /var/lib/taskbeat/notes) -ge 2')
}

/** Which seconds are missing between the first and the last that were noted. */
async function lost(box: SystemdBox): Promise<readonly number[]> {
  const notes = (await box.run('sort -u /var/lib/taskbeat/notes'))
    .split('\n')
    .map((note) => Date.parse(note) / 1_000)
  const seen = new Set(notes)
  const first = Math.min(...notes)
  return Array.from({ length: Math.max(...notes) - first }, (_, second) => first + second).filter(
    (second) => !seen.has(second),
  )
}

test('a unit is active when its schedule is loaded and it works, and says how it is', async (context) => {
  const box = await openBox(context)
  await box.configure(
    'timezone: UTC\nschedules: { daily: { cron: "0 2 * * *", command: ["true"], timeout: 1m } }',
  )
  await box.run('systemctl start taskbeat taskworker')
  expect(await box.journal('taskbeat')).toContain('schedule loaded: 1 entry, next daily at')
  expect(await box.journal('taskworker')).toContain('working on taskbeat')
  expect(await box.show('taskworker', 'StatusText')).toBe('nothing is running; the broker answers')
  await box.until(
    'systemctl show -p StatusText taskbeat | grep "leading, 1 entry, next to emit: .*02:00; the broker answers"',
  )
  await box.run('systemctl start taskworker@mail')
  expect(await box.journal('taskworker@mail')).toContain('working on mail')
})

test('a bad configuration fails the start at once, with the problem at its place, and is not tried again', async (context) => {
  const box = await openBox(context)
  await box.configure('schedules: { bad: { cron: "61 2 * * *", command: ["true"] } }')
  for (const unit of ['taskbeat', 'taskworker']) {
    const started = await box.ask(`systemctl start ${unit}`)
    expect(started.code).not.toBe(0)
    expect(await box.journal(unit, '-p err')).toContain(
      '/etc/taskbeat/schedules.yaml:1:27: schedules.bad.cron: expected minute 0–59, got 61',
    )
    expect(await box.run(`systemctl show -p ActiveState -p ExecMainStatus -p NRestarts ${unit}`)).toBe(
      'NRestarts=0\nExecMainStatus=78\nActiveState=failed',
    )
  }
})

test('reload returns when beat and worker have the new file, and fails when it is no good', async (context) => {
  const box = await openBox(context)
  const schedule = (entry: string, word: string): string =>
    `timezone: UTC\nschedules: { ${entry}: { every: 500ms, command: [echo, ${word}], timeout: 1m } }\n`
  // What the services tell systemd takes its time.
  const slowly = '#!/bin/sh\nsleep 0.3\nexec /usr/bin/systemd-notify "$@"\n'
  await box.write('/usr/local/bin/systemd-notify', slowly, '755')
  await box.configure(schedule('one', 'before'))
  await box.run('systemctl start taskbeat taskworker')
  await box.configure(schedule('two', 'after'))
  await box.run('systemctl reload taskbeat')
  expect(await box.journal('taskbeat')).toContain('schedule reloaded: 1 entry, next two at')
  expect(await box.journal('taskworker')).toContain('tasks reloaded: 1')
  await box.until('journalctl -q -o cat -t task:two | grep after')

  await box.configure(schedule('one', 'never').replace('500ms', '5x'))
  const refused = await box.ask('systemctl reload taskbeat')
  expect(refused.code).toBe(1)
  expect(await box.journal('taskbeat', '-p err')).toContain('schedules.one.every: expected a duration')
  for (const unit of ['taskbeat', 'taskworker']) {
    expect(await box.show(unit, 'ActiveState')).toBe('active')
    expect(await box.show(unit, 'StatusText')).toContain('the last reload failed')
  }

  await box.configure(schedule('one', 'again'))
  await box.run('systemctl reload taskbeat')
  expect(await box.show('taskworker', 'ActiveState')).toBe('active')
  await box.until('journalctl -q -o cat -t task:one | grep again')
  expect(await box.show('taskbeat', 'StatusText')).not.toContain('failed')
})

test('a service that stands still is killed by the watchdog and comes back, and nothing is lost', async (context) => {
  const box = await openBox(context)
  for (const unit of ['taskbeat', 'taskworker'])
    await box.write(
      `/etc/systemd/system/${unit}.service.d/watchdog.conf`,
      '[Service]\nWatchdogSec=1s\nRestartSec=500ms\n',
    )
  await box.run('systemctl daemon-reload')
  await startNoting(box)
  for (const unit of ['taskbeat', 'taskworker']) {
    await box.run(`kill -s STOP $(systemctl show --value -p MainPID ${unit})`)
    await box.until(
      `systemctl show -p NRestarts -p ActiveState ${unit} | tr '\\n' ' ' | grep "NRestarts=1 ActiveState=active"`,
    )
    expect(await box.run(`journalctl -q -o cat -u init.scope -u ${unit} | grep -i watchdog`)).toContain(
      'Watchdog timeout',
    )
  }
  const now = await box.run('date -u +%Y-%m-%dT%H:%M:%S')
  await box.until(`tail -n 1 /var/lib/taskbeat/notes | awk '$0 > "${now}"' | grep .`)
  expect(await lost(box)).toEqual([])
})

test('a service that is killed is back within five seconds, and nothing is lost', async (context) => {
  const box = await openBox(context)
  await startNoting(box)
  for (const unit of ['taskbeat', 'taskworker']) {
    const pid = await box.show(unit, 'MainPID')
    await box.run(`systemctl kill -s KILL ${unit}`)
    await box.until(
      `systemctl show -p MainPID -p ActiveState ${unit} | tr '\\n' ' ' | grep "ActiveState=active" | grep -v "MainPID=${pid} "`,
      5,
    )
  }
  const now = await box.run('date -u +%Y-%m-%dT%H:%M:%S')
  await box.until(`tail -n 1 /var/lib/taskbeat/notes | awk '$0 > "${now}"' | grep .`)
  expect(await lost(box)).toEqual([])
})

test('a stop lets tasks end within the grace, gives the rest back, and leaves no process', async (context) => {
  const box = await openBox(context)
  await box.configure(`
timezone: UTC
worker: { grace: 4s }
schedules: {}
tasks:
  short: { shell: "touch /var/lib/taskbeat/short; sleep 2; echo the short one ends", timeout: 1m }
  long: { shell: "touch /var/lib/taskbeat/long; setsid sleep 600 & sleep 600", kill_after: 1s, timeout: 1h }
`)
  await box.write('/etc/systemd/system/taskworker.service.d/timeout.conf', '[Service]\nTimeoutStopSec=1s\n')
  await box.run(
    'systemctl daemon-reload; systemctl start taskbeat taskworker; taskbeat send short; taskbeat send long',
  )
  await box.until('test -e /var/lib/taskbeat/short -a -e /var/lib/taskbeat/long')
  await box.run('systemctl stop taskbeat taskworker')
  const journal = await box.journal('taskworker')
  expect(journal).toMatch(/stopping: waiting up to 4.0s for (short, long|long, short)/)
  expect(journal).toContain('the short one ends')
  expect(journal).toMatch(/long was interrupted.*given back/)
  expect(await box.show('taskworker', 'Result')).toBe('success')
  expect((await box.ask('pgrep -u taskbeat')).output).toBe('')
  expect(await box.run('taskbeat runs long --json')).toMatch(/"outcome": "waiting"/)
})
