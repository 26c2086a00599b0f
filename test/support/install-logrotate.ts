import { existsSync } from 'node:fs'
import { installByApt } from './apt.ts'

/** Installs logrotate(8) when it is missing and we may. Gives what is missing otherwise, in words for a person. */
export function installLogrotate(): Promise<string | undefined> {
  return installByApt({
    title: 'logrotate',
    name: 'logrotate',
    isInstalled: () => existsSync('/usr/sbin/logrotate'),
  })
}
