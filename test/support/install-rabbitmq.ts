import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { isInstalled } from './rabbitmq-node.ts'

const run = promisify(execFile)

/** Installs RabbitMQ when it is missing and we may. Gives what is missing otherwise, in words for a person. */
export async function installRabbitmq(): Promise<string | undefined> {
  if (isInstalled()) return undefined
  process.stderr.write('installing rabbitmq-server, which some tests need\n')
  const become = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const [command = '', ...aptGet] = [
    ...become,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'RUNLEVEL=1', // installed, and not started as a service
    'apt-get',
    '-y',
    '-q',
  ]
  try {
    for (const step of [['update'], ['install', '--no-install-recommends', 'rabbitmq-server']])
      await run(command, [...aptGet, ...step], { maxBuffer: 64 * 1_024 * 1_024 })
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error)
    return `RabbitMQ is not installed (apt-get install rabbitmq-server), and installing it failed: ${why}`
  }
  return isInstalled() ? undefined : 'RabbitMQ was installed, but not where Debian has it'
}
