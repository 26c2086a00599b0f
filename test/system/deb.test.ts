import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildDeb } from '../../packaging/deb/build-deb.ts'
import { requiresBareBox, runInBareBox } from '../support/bare-box.ts'
import { installLintian, lintian } from '../support/install-lintian.ts'
import { openBox } from '../support/open-box.ts'
import { requires } from '../support/requirements.ts'

/** Seen from within the boxes too. */
const directory = join(import.meta.dirname, '../../dist/deb-test')
const hasDpkg = existsSync('/usr/bin/dpkg-deb')
let packages: readonly string[] = []

beforeAll(() => {
  if (!hasDpkg) return
  mkdirSync(directory, { recursive: true })
  packages = ['1.0.0', '1.0.1'].map((version) => basename(buildDeb({ directory, version, isQuick: true })))
}, 120_000)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('the package is as Debian wants packages to be', async (context) => {
  requires(context, hasDpkg, 'dpkg-deb, which builds packages')
  const missing = await installLintian()
  requires(context, missing === undefined, missing ?? '')
  // Reading the Node takes lintian minutes, and what it says of it is overridden.
  const deb = buildDeb({ directory: join(directory, 'small'), node: '/bin/true' })
  const { stdout } = spawnSync(lintian, ['--tag-display-limit', '0', deb], { encoding: 'utf8' })
  expect(stdout.split('\n').filter((line) => /^[EW]:/.test(line))).toEqual([])
}, 300_000)

test('where there is no systemd it is installed, upgraded while it runs, removed and purged', async (context) => {
  requires(context, hasDpkg, 'dpkg-deb, which builds packages')
  requiresBareBox(context)
  const { stdout } = await runInBareBox(`
exec 2>&1
cp /usr/lib/taskbeat/dist/deb-test/*.deb /var/tmp; umount /usr/lib/taskbeat
rm -f /sbin/runlevel; printf '#!/bin/sh\\necho N 2\\n' > /sbin/runlevel; chmod 755 /sbin/runlevel
touch /tmp/before
quietly() { "$@" > /tmp/said 2>&1 || { cat /tmp/said; echo "failed: $*"; }; }
services() { for name in taskbeat taskworker; do /etc/init.d/$name "$1" | sed 's/ (pid.*//'; done; }
quietly dpkg --force-unsafe-io -i /var/tmp/${packages[0]}
services status; taskbeat --version; taskbeat check | cut -d, -f 1
grep -c "^timezone: " /etc/taskbeat/schedules.yaml; stat -c '%U:%G %a' /var/lib/taskbeat /etc/taskbeat/credentials
ls /usr/share/man/man1/taskbeat.1.gz /usr/share/man/man8/taskworker.8.gz /usr/share/man/man5/schedules.yaml.5.gz
taskbeat service status; echo "status $?"; taskbeat service uninstall; echo "uninstall $?"
services start; before=$(cat /run/taskworker.pid)
echo '# mine' >> /etc/taskbeat/schedules.yaml; echo '# mine' >> /etc/default/taskworker
quietly dpkg --force-unsafe-io -i /var/tmp/${packages[1]}
services status; [ "$before" = "$(cat /run/taskworker.pid)" ] || echo restarted
tail -qn 1 /etc/taskbeat/schedules.yaml /etc/default/taskworker
quietly dpkg --force-unsafe-io -r taskbeat
pgrep -u taskbeat -c .; [ -x /etc/init.d/taskbeat ] || echo inert; ls /etc/taskbeat/schedules.yaml /etc/default/taskworker
quietly dpkg --force-unsafe-io -P taskbeat
find /etc /usr /var /run -xdev -newer /tmp/before '(' -name '*taskbeat*' -o -name '*taskworker*' ')' -print | grep -v ^/var/tmp/
id -un taskbeat
`)
  expect(stdout.split('\n')).toEqual([
    ...[
      'taskbeat is stopped',
      'taskworker is stopped',
      '0.1.0',
      'ok: 1 entry',
      '1',
      'taskbeat:taskbeat 2770',
    ],
    'root:root 700',
    ...['/usr/share/man/man1/taskbeat.1.gz', '/usr/share/man/man5/schedules.yaml.5.gz'],
    '/usr/share/man/man8/taskworker.8.gz',
    ...['present   the user taskbeat', 'kept      /etc/default', 'kept      /etc/taskbeat'],
    ...['kept      /etc/taskbeat/credentials', 'present   /var/lib/taskbeat', 'present   /var/log/taskbeat'],
    ...['kept      /etc/taskbeat/schedules.yaml', 'kept      /etc/default/taskbeat'],
    ...[
      'kept      /etc/default/taskworker',
      'packaged  /etc/init.d/taskbeat',
      'packaged  /etc/init.d/taskworker',
    ],
    ...['a package installed this', 'taskbeat is stopped', 'taskworker is stopped', 'status 0'],
    ...['a package installed this: apt remove taskbeat', 'uninstall 1'],
    ...['Starting taskbeat: done', 'Starting taskworker: done'],
    ...['taskbeat is running', 'taskworker is running', 'restarted', '# mine', '# mine'],
    ...['0', 'inert', '/etc/default/taskworker', '/etc/taskbeat/schedules.yaml', 'taskbeat', ''],
  ])
}, 120_000)

test('under systemd it is enabled and not started, an upgrade restarts what runs, a purge leaves nothing', async (context) => {
  requires(context, hasDpkg, 'dpkg-deb, which builds packages')
  const box = await openBox(context)
  await box.run(`
rm -f /usr/lib/systemd/system/task*.service /usr/bin/taskbeat /usr/bin/taskworker; systemctl daemon-reload
dpkg --force-unsafe-io -i /opt/taskbeat/dist/deb-test/${packages[0]}`)
  const states =
    'for unit in taskbeat taskworker; do systemctl is-enabled $unit; systemctl is-active $unit; done || :'
  expect(await box.run(states)).toBe('enabled\ninactive\nenabled\ninactive')
  expect(
    await box.run('taskbeat service status | tail -n 6'),
  ).toBe(`packaged  /usr/lib/systemd/system/taskbeat.service
packaged  /usr/lib/systemd/system/taskworker.service
packaged  /usr/lib/systemd/system/taskworker@.service
a package installed this
taskbeat is inactive
taskworker is inactive`)
  await box.run('systemctl start taskbeat; systemctl enable --now taskworker@mail')
  const before = await box.show('taskworker@mail', 'MainPID')
  await box.run(
    `echo '# mine' >> /etc/taskbeat/schedules.yaml; dpkg --force-unsafe-io -i /opt/taskbeat/dist/deb-test/${packages[1]}`,
  )
  await box.until(`test "$(systemctl show --value -p MainPID taskworker@mail)" != ${before}`)
  await box.until('systemctl is-active taskworker@mail && systemctl is-active taskbeat')
  expect((await box.ask('systemctl is-active taskworker')).output).toBe('inactive')
  expect(await box.run('tail -n 1 /etc/taskbeat/schedules.yaml')).toBe('# mine')
  await box.run('dpkg -P taskbeat')
  expect((await box.ask('systemctl is-active taskbeat taskworker@mail')).output).toBe('inactive\ninactive')
  expect(
    await box.run(
      "find /etc /usr/lib/systemd /usr/share /usr/bin /var/lib -xdev -name 'task*' | grep -E 'taskbeat|taskworker' || :",
    ),
  ).toBe('')
}, 120_000)
