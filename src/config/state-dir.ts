import { homedir } from 'node:os'
import { join } from 'node:path'

const systemDirectory = '/etc/taskbeat/'

/**
 * Where the state is kept when the file does not say: the system's place for the system's file, else what systemd
 * gives a unit (the first of its directories), else the XDG state home.
 */
export function defaultStateDir(file: string, env: Readonly<Record<string, string | undefined>>): string {
  if (file.startsWith(systemDirectory)) return '/var/lib/taskbeat'
  const { STATE_DIRECTORY: given = '', XDG_STATE_HOME: xdg = '', HOME: home } = env
  const [first] = given.split(':')
  if (first) return first
  // The XDG base directory specification has relative paths ignored.
  return join(xdg.startsWith('/') ? xdg : join(home || homedir(), '.local/state'), 'taskbeat')
}
