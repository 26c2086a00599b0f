import { existsSync } from 'node:fs'
import { installByApt } from './apt.ts'

/** Judges packages. */
export const lintian = '/usr/bin/lintian'

/** Installs it when it is missing and we may. Gives what is missing otherwise, in words for a person. */
export function installLintian(): Promise<string | undefined> {
  return installByApt({ title: 'lintian', name: 'lintian', isInstalled: () => existsSync(lintian) })
}
