import { existsSync } from 'node:fs'
import { installByApt } from './apt.ts'

/** A browser without a window, as Debian has it. */
export const chromium = '/usr/bin/chromium-headless-shell'

/** Installs the browser when it is missing and we may. Gives what is missing otherwise, in words for a person. */
export function installChromium(): Promise<string | undefined> {
  return installByApt({
    title: 'Chromium',
    name: 'chromium-headless-shell',
    isInstalled: () => existsSync(chromium),
  })
}
