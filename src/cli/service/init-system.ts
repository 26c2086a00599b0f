import { existsSync } from 'node:fs'
import { type Init, services } from './installation.ts'
import { isSystemdHere } from './own-setting.ts'
import { answerOf } from './part.ts'

/** A command for the init system, in words. */
export type Call = readonly [command: string, ...args: string[]]

/** After files have come or gone. */
export function noticeCalls(init: Init): readonly Call[] {
  return init === 'systemd' && isSystemdHere() ? [['systemctl', 'daemon-reload']] : []
}

/** Starts the services, now and with the machine. */
export function startCalls(init: Init): readonly Call[] {
  if (init === 'systemd')
    return [['systemctl', 'enable', ...(isSystemdHere() ? ['--now'] : []), ...services.map(unitOf)]]
  return services.flatMap((name) => [...linkCalls(name, 'on'), [`/etc/init.d/${name}`, 'start'] as const])
}

/** Stops what runs, the worker first, and no longer starts it with the machine. */
export function stopCalls(init: Init): readonly Call[] {
  if (init === 'systemd') {
    const running = isSystemdHere()
      ? [['systemctl', 'stop', 'taskworker*.service', 'taskbeat.service'] as const]
      : []
    // Of a template that is every instance.
    return [...running, ['systemctl', 'disable', ...services.map(unitOf), 'taskworker@.service']]
  }
  return services
    .toReversed()
    .flatMap((name) => [[`/etc/init.d/${name}`, 'stop'] as const, ...linkCalls(name, 'off')])
}

/** A unit that had failed is remembered as failed, also without its file, until it is told to be forgotten. */
export function forgetCalls(init: Init): readonly Call[] {
  if (init !== 'systemd' || !isSystemdHere()) return []
  // Patterns, and not names: those that systemd does not know would be an error.
  return [['systemctl', 'reset-failed', 'taskbeat[.]service', 'taskworker[.]service', 'taskworker@*.service']]
}

/** In one word, as the init system has it: active, running, stopped … */
export function stateOf(init: Init, name: string): string {
  // systemctl exits with 3 for a unit that does not run, and prints its state all the same.
  const question = init === 'systemd' ? `systemctl is-active ${unitOf(name)}` : `/etc/init.d/${name} status`
  const answer = answerOf('sh', ['-c', `${question} 2>/dev/null || :`]) ?? ''
  if (init === 'systemd') return answer.split('\n')[0] || 'unknown'
  return answer.replace(`${name} is `, '').split(/[ ,]/)[0] || 'unknown'
}

const unitOf = (name: string): string => `${name}.service`

function linkCalls(name: string, turn: 'on' | 'off'): readonly Call[] {
  const tools: readonly (readonly [tool: string, calls: Readonly<Record<'on' | 'off', Call>>])[] = [
    [
      '/usr/sbin/update-rc.d',
      { on: ['update-rc.d', name, 'defaults'], off: ['update-rc.d', '-f', name, 'remove'] },
    ],
    ['/sbin/chkconfig', { on: ['chkconfig', '--add', name], off: ['chkconfig', '--del', name] }],
  ]
  const tool = tools.find(([path]) => existsSync(path))
  return tool ? [tool[1][turn]] : []
}
