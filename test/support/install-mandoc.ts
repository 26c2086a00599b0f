import { existsSync } from 'node:fs'
import { installByApt } from './apt.ts'

/** Reads manual pages, and judges them. */
export const mandoc = '/usr/bin/mandoc'

/** Installs it when it is missing and we may. Gives what is missing otherwise, in words for a person. */
export function installMandoc(): Promise<string | undefined> {
  return installByApt({ title: 'mandoc', name: 'mandoc', isInstalled: () => existsSync(mandoc) })
}
