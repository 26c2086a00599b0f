import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TaskbeatError } from '../../core/errors.ts'
import type { Init, Setting } from './installation.ts'
import { answerOf } from './part.ts'

/** What this process knows of itself and of the machine. Throws REFUSED where there is no init system. */
export function ownSetting(asked: Init | 'auto'): Setting {
  const home = realpathSync(fileURLToPath(new URL('../../..', import.meta.url)))
  const node = realpathSync(process.execPath)
  return {
    init: asked === 'auto' ? initHere() : asked,
    program: [node, `${home}/dist/cli/bin.js`],
    home,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    systemdVersion: Number(/^systemd (\d+)/.exec(answerOf('systemctl', ['--version']) ?? '')?.[1] ?? 0),
    packaged: packagedUnit(),
    obstacle: obstacleOf('Node', node) ?? obstacleOf('taskbeat', home),
  }
}

/** Whether systemd runs this machine, sd_booted(3). */
export function isSystemdHere(): boolean {
  return existsSync('/run/systemd/system')
}

function initHere(): Init {
  if (isSystemdHere()) return 'systemd'
  if (existsSync('/etc/init.d')) return 'sysv'
  throw new TaskbeatError('REFUSED', 'there is neither a running systemd nor /etc/init.d; say --init')
}

const hidden = ['/home', '/root', '/tmp', '/var/tmp', '/run/user']

function packagedUnit(): string | undefined {
  return ['/usr/lib/systemd/system', '/lib/systemd/system']
    .map((directory) => `${directory}/taskbeat.service`)
    .find((path) => existsSync(path))
}

/** The services run as their own user, and their units hide from them what is people's own. */
function obstacleOf(what: string, path: string): string | undefined {
  const advice = 'install it for the whole machine, under /usr/local or /opt for instance'
  const within = hidden.find((directory) => path === directory || path.startsWith(`${directory}/`))
  if (within)
    return `${what} is ${path}, and what is under ${within} is hidden from services (ProtectHome=, PrivateTmp=); ${advice}`
  if (!/^[\w./@+-]+$/.test(path))
    return `${what} is ${path}, a path that units and init scripts would read otherwise; ${advice}`
  const closed = upwards(path).find((directory) => (statSync(directory).mode & 0o005) !== 0o005)
  return closed && `${what} is ${path}, and the user taskbeat may not enter ${closed}; ${advice}`
}

/** A path and every directory that it is in. */
function upwards(path: string): readonly string[] {
  return path === '/' ? [path] : [path, ...upwards(dirname(path))]
}
