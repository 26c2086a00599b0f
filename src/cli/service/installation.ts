/**
 * `taskbeat service`: this program, wherever npm has put it, made a service of the machine.
 *
 * An installation is a list of parts, and every command is a walk over it: `install` makes what is not there, `status`
 * looks, `uninstall` takes away. A part is ours or the administrator's. What is ours says so in its text, is replaced
 * and is taken away; a file that does not say so is another's, and nothing at all is done while it is in the way. What
 * is the administrator's, the configuration above all, is made once and never touched again.
 *
 * A package of the distribution brings the same services without this command, and without the templates of them: then
 * `status` says what the package has put there, and the rest is for the package's own tools.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
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
  /** The unit by which a package has brought the services, if one has. */
  readonly packaged: string | undefined
  /** Why the program cannot be a service from where it is. */
  readonly obstacle: string | undefined
}

export const serviceUser = 'taskbeat'
export const services = ['taskbeat', 'taskworker'] as const
const units = ['taskbeat.service', 'taskworker.service', 'taskworker@.service']

/** Everything that makes the services, in the order in which it is made. */
export function partsOf(setting: Setting): readonly Part[] {
  return [...groundOf(setting), ...(setting.init === 'systemd' ? systemdParts(setting) : sysvParts(setting))]
}

/** What the services stand on, whoever installs them. */
export function groundOf(setting: Setting): readonly Part[] {
  return [
    { kind: 'user', name: serviceUser },
    ...directories(setting),
    {
      kind: 'file',
      path: '/etc/taskbeat/schedules.yaml',
      mode: 0o644,
      text: () => serviceSchedule(setting.zone),
      whose: 'administrator',
    },
    ...services.map(
      (name): Part => ({
        kind: 'file',
        path: `/etc/default/${name}`,
        mode: 0o644,
        text: () => template(setting, `sysv/${name}.default`),
        whose: 'administrator',
      }),
    ),
  ]
}

/** The services as a package brings them; none where no package has. */
export function packagedFiles({ init, packaged }: Setting): readonly string[] {
  if (!packaged) return []
  return init === 'systemd'
    ? units.map((unit) => join(dirname(packaged), unit))
    : services.map((name) => `/etc/init.d/${name}`)
}

/** What outlives an uninstallation. */
export function lasting(init: Init): readonly string[] {
  return [
    '/etc/taskbeat',
    ...services.map((name) => `/etc/default/${name}`),
    '/var/lib/taskbeat',
    ...(init === 'sysv' ? ['/var/log/taskbeat'] : []),
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
    ...units.map((unit) => ours(join(place, unit), () => adapted(setting, `systemd/${unit}`))),
    ...units.flatMap((unit) =>
      dropIns.map((name) =>
        ours(join(place, `${unit}.d`, name), () => template(setting, `systemd/drop-ins/${name}`)),
      ),
    ),
  ]
}

function sysvParts(setting: Setting): readonly Part[] {
  const logrotate = readdirSync('/etc').includes('logrotate.d')
    ? [ours('/etc/logrotate.d/taskbeat', () => template(setting, 'sysv/taskbeat.logrotate'))]
    : []
  return [
    ...services.map((name) => ({
      ...ours(`/etc/init.d/${name}`, () => adapted(setting, `sysv/${name}`)),
      mode: 0o755,
    })),
    ...logrotate,
  ]
}

/** Says whose a file is, and how to change it. */
export const mark = '# Written by taskbeat service install, and written over by it.'

function ours(path: string, text: () => string): Part & { readonly kind: 'file' } {
  return { kind: 'file', path, mode: 0o644, text: () => marked(text()), whose: 'ours' }
}

function marked(text: string): string {
  // A script begins with its interpreter.
  const [first = '', ...rest] = text.split('\n')
  return (first.startsWith('#!') ? [first, mark, ...rest] : [mark, '', first, ...rest]).join('\n')
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
