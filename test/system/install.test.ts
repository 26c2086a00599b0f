import { beforeEach, describe, expect, test } from 'vitest'
import { requiresBareBox, runInBareBox } from '../support/bare-box.ts'
import { openBox } from '../support/open-box.ts'

const inBox = async (script: string): Promise<string> => {
  const prelude = `
home=/usr/lib/taskbeat
taskbeat() { $home/node_modules/.bin/node $home/dist/cli/bin.js "$@"; }
`
  const { stdout, stderr } = await runInBareBox(`${prelude}${script}`)
  return stdout + stderr
}

describe('where there are init scripts', () => {
  beforeEach((context) => requiresBareBox(context))

  test('install makes services of user, directories and a configuration, and again changes nothing', async () => {
    const said = await inBox(`
taskbeat service status >/dev/null; echo "status $?"
taskbeat service install; echo "install $?"
stat -c '%A %U:%G %n' /etc/taskbeat /etc/taskbeat/* /var/lib/taskbeat /var/log/taskbeat /etc/init.d/task*
taskbeat check
cp /etc/taskbeat/schedules.yaml /tmp; echo '# mine' >> /etc/taskbeat/schedules.yaml; echo '# mine' >> /etc/default/taskbeat
chmod 700 /var/lib/taskbeat; echo '# older' >> /etc/init.d/taskworker
taskbeat service install
tail -qn 1 /etc/taskbeat/schedules.yaml /etc/default/taskbeat
taskbeat service status; echo "status $?"
`)
    expect(said).toMatch(/^status 1\ncreated the user taskbeat\n/)
    expect(said).toMatch(/\ncreated \/etc\/init\.d\/taskworker\n[\s\S]*\ninstall 0\n/)
    for (const line of [
      'drwxr-xr-x root:root /etc/taskbeat',
      'drwx------ root:root /etc/taskbeat/credentials',
      '-rw-r--r-- root:root /etc/taskbeat/schedules.yaml',
      'drwxrws--- taskbeat:taskbeat /var/lib/taskbeat',
      'drwxr-s--- taskbeat:taskbeat /var/log/taskbeat',
      '-rwxr-xr-x root:root /etc/init.d/taskbeat',
    ])
      expect(said).toContain(`\n${line}\n`)
    expect(said).toMatch(/\nok: 1 entry, 1 task, next: disk-report at /)
    const [, again = ''] = said.split('disk-report at')
    expect(again).toContain('\nupdated /var/lib/taskbeat\n')
    expect(again).toContain('\nupdated /etc/init.d/taskworker\n')
    expect(again).not.toMatch(/created|updated \/etc\/(taskbeat|default)/)
    expect(again).toContain('\nkept /etc/taskbeat/schedules.yaml\n')
    expect(again).toContain('\n# mine\n# mine\n')
    expect(again).toMatch(/\ntaskbeat is stopped\ntaskworker is stopped\nstatus 0\n$/)
  })

  test('with --now they run, and uninstall stops them and leaves what is not its own', async () => {
    const said = await inBox(`
taskbeat service install --now; echo "install $?"
taskbeat service status --json | grep state
pgrep -u taskbeat -fc 'bin.js (beat|worker)'
taskbeat service uninstall; echo "uninstall $?"
pgrep -u taskbeat -c .
ls /etc/init.d/task* /etc/rc?.d/*task* /etc/logrotate.d/taskbeat 2>/dev/null
ls /etc/taskbeat; ls -d /var/lib/taskbeat; id -un taskbeat
taskbeat service uninstall; echo "uninstall $?"
taskbeat service install | grep -v ^created
`)
    expect(said).toMatch(
      /\nran \/etc\/init\.d\/taskworker start\ninstall 0\n {6}"state": "running"\n {6}"state": "running"\n2\n/,
    )
    expect(said).toContain(
      '\nkept /etc/taskbeat, /etc/default/taskbeat, /etc/default/taskworker, /var/lib/taskbeat, /var/log/taskbeat and the user taskbeat\n',
    )
    expect(said).toMatch(
      /\nuninstall 0\n0\ncredentials\nschedules\.yaml\n\/var\/lib\/taskbeat\ntaskbeat\nno service is installed by this command\nuninstall 0\n/,
    )
    // What has been there all the time needs nothing.
    expect(said).toMatch(/\nuninstall 0\n(kept \/etc\/\S+\n)+now write [^\n]*\n[^\n]*\n$/)
  })

  test('a dry run says it all and does nothing', async () => {
    const said = await inBox(`
touch /tmp/before; taskbeat service install --dry-run --now; echo "install $?"
find /etc /var/lib /var/log -newer /tmp/before; id taskbeat
`)
    expect(said).toMatch(
      /^would create the user taskbeat\n[\s\S]*would run \/etc\/init\.d\/taskworker start\ninstall 0\n/,
    )
    expect(said).toMatch(/install 0\nid: .*taskbeat.*no such user\n$/)
  })

  test('from where no service could be made, status and a dry run say what there is, and the dry run why not', async () => {
    const said = await inBox(`
exec 2>&1; taskbeat service install > /tmp/said
cp "$(readlink -f $home/node_modules/.bin/node)" /root/node; hidden() { /root/node $home/dist/cli/bin.js service "$@"; }
hidden status; echo "status $?"
hidden install --dry-run; echo "install $?"
hidden uninstall > /tmp/said; echo "uninstall $?"; tail -n 1 /tmp/said
`)
    const [status = '', install = '', uninstall = ''] = said.split(/^(?:status|install) \d\n/m)
    expect(status).toMatch(/\noutdated {2}\/etc\/init\.d\/taskbeat\n[\s\S]*\ntaskworker is stopped\n$/)
    expect(said).toContain('\nstatus 0\n')
    expect(install).toMatch(
      /\nwould keep \/etc\/taskbeat\n[\s\S]*\nwould update \/etc\/init\.d\/taskbeat\n[\s\S]*\nNode is \/root\/node, [^\n]*\n$/,
    )
    expect(said).toContain('\ninstall 1\n')
    expect(uninstall).toMatch(/^uninstall 0\nkept [^\n]*\n$/)
  })

  test('nothing is done where it must not be, and the reason is told', async () => {
    const said = await inBox(`
echo '#!/bin/sh' > /etc/init.d/taskbeat; taskbeat service install; echo "foreign $?"; rm /etc/init.d/taskbeat
touch /root/node; mount --bind "$(readlink -f $home/node_modules/.bin/node)" /root/node
/root/node $home/dist/cli/bin.js service install; echo "root $?"
mkdir -p /usr/lib/systemd/system; touch /usr/lib/systemd/system/taskbeat.service
taskbeat service install; echo "package $?"; rm /usr/lib/systemd/system/taskbeat.service
setpriv --reuid nobody --clear-groups $home/node_modules/.bin/node $home/dist/cli/bin.js service install; echo "nobody $?"
taskbeat service install --init nonsense; echo "nonsense $?"
ls /etc/taskbeat; id taskbeat
`)
    for (const told of [
      /foreign 1/,
      /root 1/,
      /package 1/,
      /nobody 1/,
      /nonsense 2/,
      /\/etc\/init\.d\/taskbeat is there, and not by this command; nothing was done/,
      /Node is \/root\/node, and what is under \/root is hidden from services \(ProtectHome=, PrivateTmp=\); install it/,
      /a package has installed the services already \(\/usr\/lib\/systemd\/system\/taskbeat\.service\)/,
      /only root may do this; see --dry-run/,
      /cannot access '\/etc\/taskbeat'/,
      /no such user/,
    ])
      expect(said).toMatch(told)
  })
})

test('under systemd the units run, where this program is, with a user of their own, until they are uninstalled', async (context) => {
  const box = await openBox(context)
  // The box has taskbeat installed as by a package.
  await box.run('rm -f /usr/lib/systemd/system/task*.service /usr/bin/task*; systemctl daemon-reload')
  const taskbeat = '/opt/taskbeat/node /opt/taskbeat/dist/cli/bin.js'
  const installed = await box.run(`${taskbeat} service install --now`)
  expect(installed).toContain('\ncreated /etc/systemd/system/taskworker@.service\n')
  expect(
    await box.run('systemctl is-enabled taskbeat taskworker; systemctl is-active taskbeat taskworker'),
  ).toBe('enabled\nenabled\nactive\nactive')
  expect(
    await box.run(
      'systemctl enable --now taskworker@mail 2>/dev/null; ps -o user= -o args= -u taskbeat | grep ^taskbeat./opt | sort',
    ),
  ).toBe(['beat', 'worker', 'worker --queues mail'].map((role) => `taskbeat ${taskbeat} ${role}`).join('\n'))
  await box.run('systemctl reload taskbeat')
  const again = await box.run(`${taskbeat} service install; ${taskbeat} service status`)
  expect(again).not.toMatch(/created|updated|missing|outdated/)
  expect(again).toMatch(/\ntaskbeat is active\ntaskworker is active$/)
  // One that fails when it is stopped.
  await box.run(
    "mkdir /run/systemd/system/taskworker.service.d; printf '[Service]\\nExecStop=/bin/false\\n' > /run/systemd/system/taskworker.service.d/fails.conf; systemctl daemon-reload",
  )
  expect(await box.run(`${taskbeat} service uninstall`)).toMatch(
    /\nran systemctl daemon-reload\nkept \/etc\/taskbeat, \/etc\/default\/taskbeat, \/etc\/default\/taskworker, \/var\/lib\/taskbeat and the user taskbeat$/,
  )
  expect(await box.run("systemctl list-units --all --no-legend 'taskbeat*' 'taskworker*'")).toBe('')
  expect(await box.run(`${taskbeat} service install`)).not.toContain('updated')
  await box.run(`${taskbeat} service uninstall`)
  const left = await box.ask(
    'systemctl is-active taskbeat taskworker taskworker@mail; find /etc/systemd/system -name "task*"',
  )
  expect(left.output).toBe('inactive\ninactive\ninactive')
}, 90_000)
