import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import { requiresBareBox, runInBareBox } from '../support/bare-box.ts'
import { installLogrotate } from '../support/install-logrotate.ts'
import { requires } from '../support/requirements.ts'

beforeEach((context) => requiresBareBox(context))

/** The machine on which a service was just installed. `$script ACTION` is one of its init scripts. */
const machine = `
useradd --system --home-dir /var/lib/taskbeat --shell /usr/sbin/nologin taskbeat
cp /usr/lib/taskbeat/init/sysv/taskbeat /usr/lib/taskbeat/init/sysv/taskworker /etc/init.d/
mkdir -p /etc/taskbeat
echo 'schedules: { tick: { every: 1s, command: [echo, hello], timeout: 1s } }' > /etc/taskbeat/schedules.yaml
do_it() { output=$($script "$@" 2>&1); echo "$1 $?"; }
`

/** In place of the program: it heeds the same signals, says that it is ready, and takes no time to start. */
const standIn = `
cat > /usr/bin/taskbeat <<'END'
#!/bin/sh
if grep -q mistake /etc/taskbeat/schedules.yaml; then echo schedules.yaml:1:1: a mistake >&2; exit 78; fi
if [ "$1" = check ]; then exit 0; fi
if [ "$1" = reload ]; then
  [ "$RUNTIME_DIRECTORY" = /run/taskbeat ] && [ "$(id -un)" = taskbeat ] && exec kill -s HUP "$MAINPID"
fi
trap 'echo reloaded' HUP
trap 'echo stopping; rm -f "$TASKBEAT_READY_FILE"; exit 0' TERM
echo "as $(id -un), umask $(umask)"
env
echo "password: $(cat "$CREDENTIALS_DIRECTORY/broker-password")"
: > "$TASKBEAT_READY_FILE"
while :; do sleep 0.05; done
END
chmod 755 /usr/bin/taskbeat
`

const program = `
printf '#!/bin/sh\\nexec /usr/lib/taskbeat/node_modules/.bin/node /usr/lib/taskbeat/dist/cli/bin.js "$@"\\n' > /usr/bin/taskbeat
chmod 755 /usr/bin/taskbeat
`

describe.each(['dash', 'bash'])('under %s', (shell) => {
  const inBox = async (script: string): Promise<readonly string[]> => {
    const prelude = `script='${shell} /etc/init.d/taskbeat'\n${machine}${standIn}`
    const { stdout, stderr } = await runInBareBox(`${prelude}${script}`, shell)
    return [...stdout.trim().split('\n'), ...(stderr ? [stderr] : [])]
  }

  test('each action ends with the exit code that the Linux Standard Base gives it', async () => {
    const said = await inBox(`
for action in status stop reload force-reload try-restart start start status reload force-reload restart try-restart \\
  status stop status nonsense ''; do do_it $action; done
do_it start now
setpriv --reuid taskbeat --clear-groups $script start 2>/dev/null; echo "not root $?"
setpriv --reuid taskbeat --clear-groups $script status; echo "not root $?"
`)
    expect(said).toEqual([
      ...['status 3', 'stop 0', 'reload 7', 'force-reload 0', 'try-restart 0', 'start 0', 'start 0'],
      ...[
        'status 0',
        'reload 0',
        'force-reload 0',
        'restart 0',
        'try-restart 0',
        'status 0',
        'stop 0',
        'status 3',
      ],
      ...['nonsense 2', ' 2', 'start 2', 'not root 4', 'taskbeat is stopped', 'not root 3'],
    ])
  })

  test('what is not installed, or has no user, is not started, and can be stopped', async () => {
    const said = await inBox(`
mv /usr/bin/taskbeat /usr/bin/elsewhere; for action in start reload status stop; do do_it $action; done
mv /usr/bin/elsewhere /usr/bin/taskbeat; userdel taskbeat; do_it start
umount /usr/lib/taskbeat; for action in start status stop; do do_it $action; done
`)
    expect(said).toEqual([
      ...['start 5', 'reload 5', 'status 3', 'stop 0', 'start 6', 'start 5', 'status 4', 'stop 0'],
    ])
  })

  test.each(['setpriv', 'start-stop-daemon'])(
    "it runs as its own user, with what the administrator set and nothing of the caller's, by %s",
    async (tool) => {
      const other = tool === 'setpriv' ? 'start-stop-daemon' : 'setpriv'
      const said = await inBox(`
rm -f $(command -v ${other})
echo 'FROM_DEFAULT=yes' > /etc/default/taskbeat
install -d -m 700 /etc/taskbeat/credentials; (umask 077; echo swordfish > /etc/taskbeat/credentials/broker-password)
SECRET=of-the-caller do_it start
cat /var/log/taskbeat/taskbeat.log
ps -o user= -p "$(head -n 1 /run/taskbeat.pid)"
do_it reload; do_it stop; tail -n 2 /var/log/taskbeat/taskbeat.log
stat -c '%U %a %n' /var/log/taskbeat/taskbeat.log /var/lib/taskbeat
`)
      expect(said).toContain('as taskbeat, umask 0007')
      expect(said).toContain('FROM_DEFAULT=yes')
      expect(said).toContain('TASKBEAT_CONFIG=/etc/taskbeat/schedules.yaml')
      expect(said).toContain('password: swordfish')
      expect(said.join('\n')).not.toContain('of-the-caller')
      expect(said.slice(-7)).toEqual([
        ...['taskbeat', 'reload 0', 'stop 0', 'reloaded', 'stopping'],
        ...['taskbeat 640 /var/log/taskbeat/taskbeat.log', 'taskbeat 2770 /var/lib/taskbeat'],
      ])
    },
  )

  test('a pid file that names a process of others, or nothing, signals nobody', async () => {
    const said = await inBox(`
sleep 60 & other=$!
for content in "$other" "$other\\n1" "1\\n1" "-1\\n" "x" "\\n"; do
  printf -- "$content\\n" > /run/taskbeat.pid
  do_it status; do_it reload; do_it stop
done
kill -0 $other && echo spared
printf "$other\\n1\\n" > /run/taskbeat.pid; do_it start; do_it status; kill -0 $other && echo spared
`)
    const untouched = ['status 1', 'reload 7', 'stop 0']
    expect(said).toEqual([
      ...Array.from({ length: 6 }, () => untouched).flat(),
      ...['spared', 'start 0', 'status 0', 'spared'],
    ])
  })

  test('one that was killed is dead with a pid file, and starts again', async () => {
    const said = await inBox(`
do_it start; pid=$(head -n 1 /run/taskbeat.pid); kill -KILL "$pid"
while readlink "/proc/$pid/exe" >/dev/null; do sleep 0.05; done
do_it status; do_it reload; do_it try-restart; do_it start; do_it status
`)
    expect(said).toEqual(['start 0', 'status 1', 'reload 7', 'try-restart 0', 'start 0', 'status 0'])
  })

  test('a configuration with problems starts nothing, stops nothing, and is told', async () => {
    const said = await inBox(`
cp /etc/taskbeat/schedules.yaml /tmp/good
echo mistake > /etc/taskbeat/schedules.yaml; do_it start; echo "$output"; do_it status
cp /tmp/good /etc/taskbeat/schedules.yaml; do_it start; before=$(cat /run/taskbeat.pid)
echo mistake > /etc/taskbeat/schedules.yaml
for action in restart try-restart reload force-reload; do do_it $action; done
echo "$output"; [ "$before" = "$(cat /run/taskbeat.pid)" ] && do_it status
`)
    const told = ['schedules.yaml:1:1: a mistake', 'failed']
    expect(said).toEqual([
      ...['start 6', 'Starting taskbeat: ', ...told, 'status 3', 'start 0'],
      ...[
        'restart 6',
        'try-restart 6',
        'reload 6',
        'force-reload 6',
        'Reloading taskbeat: ',
        ...told,
        'status 0',
      ],
    ])
  })

  test('one that does not heed SIGTERM is killed after its time, and one that is never ready is ended', async () => {
    const said = await inBox(`
printf 'STOP_TIMEOUT=1\\nSTART_TIMEOUT=1\\n' > /etc/default/taskbeat
sed -i "s/^trap 'echo stopping.*/trap '' TERM/" /usr/bin/taskbeat
do_it start; pid=$(head -n 1 /run/taskbeat.pid); do_it stop; echo "$output"; do_it status
sed -i '/^: >/d' /usr/bin/taskbeat; do_it start; do_it status; pgrep -u taskbeat -c .
`)
    expect(said).toEqual([
      ...[
        'start 0',
        'stop 0',
        'Stopping taskbeat: taskbeat: still there after 1 s, killed',
        'done',
        'status 3',
      ],
      ...['start 1', 'status 3', '0'],
    ])
  })

  test('when its log is rotated it goes on in the new file', async (context) => {
    const missing = await installLogrotate()
    requires(context, missing === undefined, missing ?? '')
    const said = await inBox(`
install -m 644 /usr/lib/taskbeat/init/sysv/taskbeat.logrotate /etc/logrotate.d/taskbeat
do_it start; logrotate -f -s /tmp/logrotate /etc/logrotate.d/taskbeat; do_it stop
cd /var/log/taskbeat; grep -c 'as taskbeat' taskbeat.log.1; tr -d '\\0' < taskbeat.log; stat -c '%U %a %s' taskbeat.log
`)
    expect(said).toEqual(['start 0', 'stop 0', '1', 'stopping', 'taskbeat 640 9'])
  })

  test("a link in place of its log gains the service's user nothing", async () => {
    const said = await inBox(`
do_it start; do_it stop; echo precious > /etc/precious; chmod 600 /etc/precious
setpriv --reuid taskbeat --clear-groups ln -sf /etc/precious /var/log/taskbeat/taskbeat.log
do_it start; do_it status; cat /etc/precious
`)
    expect(said).toEqual(['start 0', 'stop 0', 'start 1', 'status 3', 'precious'])
  })
})

test('beat and worker run what is due and write to a file, as the service that they are', async () => {
  const { stdout, stderr } = await runInBareBox(`script=true\n${machine}${program}
for name in taskbeat taskworker; do /etc/init.d/$name start; done
for try in $(seq 200); do grep -q 'tick succeeded' /var/log/taskbeat/taskworker.log && break; sleep 0.1; done
grep -c 'tick succeeded' /var/log/taskbeat/taskworker.log
for name in taskworker taskbeat; do /etc/init.d/$name reload; /etc/init.d/$name stop; done
grep -c 'configuration .*schedules.yaml' /var/log/taskbeat/taskbeat.log
ps -e -o user= | grep -c taskbeat
`)
  expect(stderr).toBe('')
  expect(stdout).toMatch(
    /^Starting taskbeat: done\nStarting taskworker: done\n[1-9]\d*\nReloading taskworker: done\nStopping taskworker: done\nReloading taskbeat: done\nStopping taskbeat: done\n[1-9]\d*\n0\n$/,
  )
})

test('a reload ends when the service has the new file, and not before', async () => {
  const { stdout, stderr } = await runInBareBox(`script='/etc/init.d/taskbeat'\n${machine}${program}
do_it start
echo 'schedules: { tock: { every: 1s, command: [echo, hello], timeout: 1s } }' > /etc/taskbeat/schedules.yaml
do_it reload; grep -c 'schedule reloaded: 1 entry, next tock' /var/log/taskbeat/taskbeat.log
kill -STOP "$(head -n 1 /run/taskbeat.pid)"; $script reload > /tmp/said 2>&1 & reload=$!
until [ "$(cat /proc/$(head -n 1 /run/taskbeat.pid)/status | grep ShdPnd)" != "ShdPnd:\t0000000000000000" ]; do sleep 0.1; done
kill -0 $reload && echo waits; kill -CONT "$(head -n 1 /run/taskbeat.pid)"; wait $reload; echo "reload $?"
do_it stop
`)
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toEqual(['start 0', 'reload 0', '1', 'waits', 'reload 0', 'stop 0', ''])
}, 60_000)

test('where there is a syslog they write there', async () => {
  const { stdout } = await runInBareBox(`script=true\n${machine}${program}
cat > /tmp/syslog.mjs <<'END'
import { chmodSync } from 'node:fs'
import { createServer } from 'node:net'
const server = createServer((client) => client.pipe(process.stdout, { end: false }))
server.listen('/dev/log', () => chmodSync('/dev/log', 0o666))
END
/usr/lib/taskbeat/node_modules/.bin/node /tmp/syslog.mjs > /tmp/syslog &
until [ -S /dev/log ]; do sleep 0.05; done
/etc/init.d/taskbeat start
for try in $(seq 100); do grep -aq 'schedules.yaml' /tmp/syslog && break; sleep 0.1; done
tr '\\0' '\\n' < /tmp/syslog | grep 'schedules.yaml'
ls /run /var/log/taskbeat
`)
  expect(stdout).toMatch(
    /^Starting taskbeat: done\n<30>.* taskbeat: .*configuration \/etc\/taskbeat\/schedules\.yaml/,
  )
  expect(stdout).not.toContain('taskbeat-log.')
})

test.each(['taskbeat', 'taskworker'])('the header of %s is what update-rc.d and insserv read', (name) => {
  const text = readFileSync(new URL(`../../init/sysv/${name}`, import.meta.url), 'utf8')
  const header = /^### BEGIN INIT INFO\n([\s\S]*?)^### END INIT INFO$/m.exec(text)?.[1] ?? ''
  const fields = Object.fromEntries(
    [...header.matchAll(/^# ([A-Z][A-Za-z-]+): +(.+)$/gm)].map(([, key, value]) => [key, value]),
  )
  expect(fields).toMatchObject({
    Provides: name,
    'Required-Start': expect.stringContaining('$remote_fs'),
    'Required-Stop': expect.stringContaining('$remote_fs'),
    'Default-Start': '2 3 4 5',
    'Default-Stop': '0 1 6',
    'Short-Description': expect.any(String),
  })
})
