import { expect, test } from 'vitest'
import { installRabbitmq } from '../support/install-rabbitmq.ts'
import { openBox } from '../support/open-box.ts'
import { requires } from '../support/requirements.ts'

test('started before RabbitMQ the units are active, say that they wait for it, and work when it comes; its password stays with them', async (context) => {
  const missing = await installRabbitmq()
  requires(context, missing === undefined, missing ?? '')
  const box = await openBox(context)
  const password = 'correct-horse-battery'
  await box.write('/etc/taskbeat/credentials/broker-password', `${password}\n`, '600')
  await box.configure(`
timezone: UTC
broker: { url: amqp://taskbeat@127.0.0.1/ }
log: { level: debug }
worker: { modules: [/opt/tasks/*.ts] }
schedules:
  look: { every: 1s, shell: "env; cat /proc/self/environ /proc/$PPID/cmdline; echo; echo seen", timeout: 1m }
  module: { every: 1s, task: look.module }
`)
  await box.write(
    '/opt/tasks/look.ts',
    `import { defineTask } from 'taskbeat'
export const look = defineTask('look.module', () => console.log('module', JSON.stringify(process.env)))
`,
  )
  await box.run('systemctl start taskbeat taskworker')
  for (const unit of ['taskbeat', 'taskworker'])
    await box.until(`systemctl show -p StatusText ${unit} | grep "waiting for the broker: .*ECONNREFUSED"`)

  await box.run('systemctl start rabbitmq-server')
  await box.run(
    `rabbitmqctl -q add_user taskbeat ${password} && rabbitmqctl -q set_permissions taskbeat ".*" ".*" ".*"`,
  )
  await box.until('journalctl -q -o cat -t task:look | grep seen', 30)
  await box.until('journalctl -q -o cat -t task:module | grep "module {"', 30)
  for (const unit of ['taskbeat', 'taskworker'])
    await box.until(`systemctl show -p StatusText ${unit} | grep "the broker answers"`)

  const everywhere = await box.run(
    'systemctl show taskbeat taskworker; systemctl status taskbeat taskworker; journalctl -q -o cat -u taskbeat -u taskworker; ' +
      'ps -eo args; for unit in taskbeat taskworker; do tr "\\0" "\\n" < /proc/$(systemctl show --value -p MainPID $unit)/environ; done',
  )
  expect(everywhere).toContain('seen')
  expect(everywhere).not.toContain(password)
  const tasks = await box.journal('taskworker', '-t task:look -t task:module')
  expect(tasks).not.toMatch(/NOTIFY_SOCKET|WATCHDOG_|CREDENTIALS_DIRECTORY|LISTEN_|JOURNAL_STREAM/)
}, 90_000)
