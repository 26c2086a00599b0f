import { installByApt } from './apt.ts'
import { isInstalled } from './rabbitmq-node.ts'

/** Installs RabbitMQ when it is missing and we may. Gives what is missing otherwise, in words for a person. */
export function installRabbitmq(): Promise<string | undefined> {
  return installByApt({ title: 'RabbitMQ', name: 'rabbitmq-server', isInstalled })
}
