/** A Debian 13 of its own, to hold what runs there against. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { installByApt } from '../support/apt.ts'

export interface Debian13 extends Disposable {
  /** The directory that it is in; gone when it is disposed of. */
  readonly root: string
}

/** Rejects when it cannot be made, which needs root. */
export async function makeDebian13(...packages: readonly string[]): Promise<Debian13> {
  const missing = await installByApt({
    title: 'debootstrap',
    name: 'debootstrap',
    isInstalled: () => existsSync('/usr/sbin/debootstrap'),
  })
  if (missing !== undefined) throw new Error(missing)
  // Not below /tmp, where devices may be forbidden.
  const root = mkdtempSync('/var/tmp/taskbeat-debian-13-')
  const remove = (): void => rmSync(root, { recursive: true, force: true })
  const options = ['--variant=minbase', `--include=${packages.join(',')}`]
  try {
    execFileSync('/usr/sbin/debootstrap', [...options, 'trixie', root], { stdio: 'inherit' })
  } catch (error) {
    remove()
    throw error
  }
  return { root, [Symbol.dispose]: remove }
}

/** What a command says in it. */
export function askIn({ root }: Debian13, ...command: readonly string[]): string {
  return execFileSync('/usr/sbin/chroot', [root, ...command], { encoding: 'utf8' })
}
