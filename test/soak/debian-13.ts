/** The tests of the units under the systemd of Debian 13 (257), in a system of its own that is made for them. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installByApt } from '../support/apt.ts'

const files = ['systemd', 'systemd-units', 'systemd-access', 'systemd-cgroups'].map(
  (name) => `test/system/${name}.test.ts`,
)

/** Gives the version. Rejects when the system cannot be made, which needs root, or when a test failed. */
export async function holdOnDebian13(): Promise<{ readonly systemd: string; readonly files: number }> {
  const missing = await installByApt({
    title: 'debootstrap',
    name: 'debootstrap',
    isInstalled: () => existsSync('/usr/sbin/debootstrap'),
  })
  if (missing !== undefined) throw new Error(missing)
  // Not below /tmp, where devices may be forbidden.
  const system = mkdtempSync('/var/tmp/taskbeat-debian-13-')
  try {
    const packages = '--include=systemd,systemd-sysv,dbus,procps'
    run('/usr/sbin/debootstrap', ['--variant=minbase', packages, 'trixie', system], {})
    run(process.execPath, [vitest, 'run', '--project', 'system', ...files], {
      TASKBEAT_BOX_ROOT: system,
      CI: 'true',
    })
    const version = execFileSync('/usr/sbin/chroot', [system, 'systemctl', '--version'], { encoding: 'utf8' })
    return { systemd: version.split('\n')[0] ?? '', files: files.length }
  } finally {
    rmSync(system, { recursive: true, force: true })
  }
}

const root = join(import.meta.dirname, '../..')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
  execFileSync(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' })
}
