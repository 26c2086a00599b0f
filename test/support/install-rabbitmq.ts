import { spawnSync } from 'node:child_process'
import { isInstalled } from './rabbitmq-node.ts'

/** Installs RabbitMQ when it is missing and we may. Gives what is missing otherwise, in words for a person. */
export function installRabbitmq(): string | undefined {
  if (isInstalled()) return undefined
  const become = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const install = [...become, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get', '-y', '-q']
  process.stderr.write('installing rabbitmq-server, which some tests need\n')
  for (const step of [['update'], ['install', '--no-install-recommends', 'rabbitmq-server']]) {
    const [command = '', ...args] = [...install, ...step]
    const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) {
      const why = (error?.message ?? stderr).trim().split('\n').at(-1)
      return `RabbitMQ is not installed (apt-get install rabbitmq-server), and installing it failed: ${why}`
    }
  }
  return isInstalled() ? undefined : 'RabbitMQ was installed, but not where Debian has it'
}
