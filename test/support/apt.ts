import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A package of Debian's that some tests need. */
export interface DebianPackage {
  /** As a person calls it. */
  readonly title: string
  readonly name: string
  readonly isInstalled: () => boolean
}

/** Installs it when it is missing and we may. Gives what is missing otherwise, in words for a person. */
export async function installByApt({ title, name, isInstalled }: DebianPackage): Promise<string | undefined> {
  if (isInstalled()) return undefined
  process.stderr.write(`installing ${name}, which some tests need\n`)
  const become = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const [command = '', ...aptGet] = [
    ...become,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'RUNLEVEL=1', // installed, and not started as a service
    'apt-get',
    '-y',
    '-q',
    '-o',
    'DPkg::Lock::Timeout=120', // another test file may be installing what it needs
  ]
  try {
    for (const step of [['update'], ['install', '--no-install-recommends', name]])
      await run(command, [...aptGet, ...step], { maxBuffer: 64 * 1_024 * 1_024 })
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error)
    return `${title} is not installed (apt-get install ${name}), and installing it failed: ${why}`
  }
  return isInstalled() ? undefined : `${title} was installed, but not where Debian has it`
}
