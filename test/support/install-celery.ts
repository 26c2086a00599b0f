import { spawnSync } from 'node:child_process'
import { installByApt } from './apt.ts'

/** Debian's own Python, for which its package is: the `python3` on the path may be another. */
export const python = '/usr/bin/python3'

/** Installs Celery when it is missing and we may. Gives what is missing otherwise, in words for a person. */
export function installCelery(): Promise<string | undefined> {
  const isInstalled = (): boolean => spawnSync(python, ['-c', 'import celery']).status === 0
  return installByApt({ title: 'Celery', name: 'python3-celery', isInstalled })
}
