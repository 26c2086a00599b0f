/** The tests of the units under the systemd of Debian 13 (257), in a system of its own that is made for them. */
import { askIn, makeDebian13 } from './debian-13.ts'
import { type Passed, runTests } from './run-tests.ts'

const files = ['systemd', 'systemd-units', 'systemd-access', 'systemd-cgroups'].map(
  (name) => `test/system/${name}.test.ts`,
)

/** Gives the version. Rejects when the system cannot be made, which needs root, or when a test failed. */
export async function holdOnSystemd257(): Promise<Passed & { readonly systemd: string }> {
  using debian = await makeDebian13('systemd', 'systemd-sysv', 'dbus', 'procps')
  const passed = await runTests(files, { TASKBEAT_BOX_ROOT: debian.root })
  const [systemd = ''] = askIn(debian, 'systemctl', '--version').split('\n')
  return { systemd, ...passed }
}
