/**
 * `taskbeat service`: this program, wherever npm has put it, made a service of the machine.
 *
 * An installation is a list of parts, and every command is a walk over it: `install` makes what is not there, `status`
 * looks, `uninstall` takes away. A part is ours or the administrator's. What is ours says so in its text, is replaced
 * and is taken away; a file that does not say so is another's, and nothing at all is done while it is in the way. What
 * is the administrator's, the configuration above all, is made once and never touched again.
 *
 * A package of the distribution brings the same files without this command.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { serviceSchedule } from '../starter.ts'
import type { Part } from './part.ts'

export type Init = 'systemd' | 'sysv'

/** What an installation depends on. */
export interface Setting {
  readonly init: Init
  /** The words that start the program, absolute: the Node, and the script. */
  readonly program: readonly string[]
  /** Where this package is. */
  readonly home: string
  /** IANA. */
  readonly zone: string
  /** Of systemd; 0 where it is not installed. */
  readonly systemdVersion: number
}

export const serviceUser = 'taskbeat'
export const services = ['taskbeat', 'taskworker'] as const
const units = ['taskbeat.service', 'taskworker.service', 'taskworker@.service']

/** Everything that makes the services, in the order in which it is made. */
export function partsOf(setting: Setting): readonly Part[] {
  return [
    { kind: 'user', name: serviceUser },
    ...directories(setting),
    {
      kind: 'file',
      path: '/etc/taskbeat/schedules.yaml',
      mode: 0o644,
      text: serviceSchedule(setting.zone),
      whose: 'administrator',
    },
    ...services.map(
      (name): Part => ({
        kind: 'file',
        path: `/etc/default/${name}`,
        mode: 0o644,
        text: template(setting, `sysv/${name}.default`),
        whose: 'administrator',
      }),
    ),
    ...(setting.init === 'systemd' ? systemdParts(setting) : sysvParts(setting)),
  ]
}

function directories({ init }: Setting): readonly Part[] {
  const root = { owner: 'root', group: 'root' }
  const service = { owner: serviceUser, group: serviceUser }
  return [
    { kind: 'directory', path: '/etc/default', mode: 0o755, ...root, whose: 'administrator' },
    { kind: 'directory', path: '/etc/taskbeat', mode: 0o755, ...root, whose: 'administrator' },
    { kind: 'directory', path: '/etc/taskbeat/credentials', mode: 0o700, ...root, whose: 'administrator' },
    { kind: 'directory', path: '/var/lib/taskbeat', mode: 0o2770, ...service, whose: 'ours' },
    ...(init === 'sysv'
      ? [{ kind: 'directory', path: '/var/log/taskbeat', mode: 0o2750, ...service, whose: 'ours' } as const]
      : []),
  ]
}

function systemdParts(setting: Setting): readonly Part[] {
  const place = '/etc/systemd/system'
  const dropIns = setting.systemdVersion >= 253 ? ['notify-fd.conf'] : []
  return [
    ...units.map((unit) => ours(join(place, unit), adapted(setting, `systemd/${unit}`))),
    ...units.flatMap((unit) =>
      dropIns.map((name) =>
        ours(join(place, `${unit}.d`, name), template(setting, `systemd/drop-ins/${name}`)),
      ),
    ),
  ]
}

function sysvParts(setting: Setting): readonly Part[] {
  const logrotate = readdirSync('/etc').includes('logrotate.d')
    ? [ours('/etc/logrotate.d/taskbeat', template(setting, 'sysv/taskbeat.logrotate'))]
    : []
  return [
    ...services.map((name) => ({
      ...ours(`/etc/init.d/${name}`, adapted(setting, `sysv/${name}`)),
      mode: 0o755,
    })),
    ...logrotate,
  ]
}

/** Says whose a file is, and how to change it. */
export const mark = '# Written by taskbeat service install, and written over by it.'

function ours(path: string, text: string): Part & { readonly kind: 'file' } {
  // A script begins with its interpreter.
  const [first = '', ...rest] = text.split('\n')
  const marked = first.startsWith('#!') ? [first, mark, ...rest] : [mark, '', first, ...rest]
  return { kind: 'file', path, mode: 0o644, text: marked.join('\n'), whose: 'ours' }
}

function template({ home }: Setting, name: string): string {
  return readFileSync(join(home, 'init', name), 'utf8')
}

/** What `init/` says of the package's places, said of ours. */
function adapted(setting: Setting, name: string): string {
  const program = setting.program.join(' ')
  return template(setting, name)
    .replaceAll('PROGRAM=/usr/bin/taskbeat', () => `PROGRAM="${program}"`)
    .replaceAll('/usr/bin/taskbeat', () => program)
    .replaceAll('/usr/bin/taskworker', () => `${program} worker`)
    .replaceAll('/usr/lib/taskbeat/', () => `${setting.home}/`)
}
