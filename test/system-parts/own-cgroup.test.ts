import { expect, test } from 'vitest'
import { ownCgroup } from '../../src/system/own-cgroup.ts'

const whole = '41 31 0:38 / /sys/fs/cgroup rw,relatime shared:7 master:3 - cgroup2 cgroup2 rw'
const tmpfs = '31 23 0:27 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755'
const second = '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw'
const first = '40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd'
const opened = '42 41 0:38 /a.slice/b.service /sys/fs/cgroup/a.slice/b.service rw - cgroup2 cgroup2 rw'
const part = '42 41 0:38 /a.slice /mnt/with\\040blank rw - cgroup2 cgroup2 rw'

test.each([
  ['a service', '0::/a.slice/b.service', [whole], '/sys/fs/cgroup/a.slice/b.service'],
  ['the root of a container', '0::/', [whole], '/sys/fs/cgroup'],
  [
    'the second version beside the first',
    '4:memory:/x\n0::/b',
    [tmpfs, first, second],
    '/sys/fs/cgroup/unified/b',
  ],
  ['a sandbox with a hole', '0::/a.slice/b.service', [whole, opened], '/sys/fs/cgroup/a.slice/b.service'],
  ['a part that is mounted elsewhere', '0::/a.slice/b', [part], '/mnt/with blank/b'],
])('the cgroup of this process is found in %s', (_, membership, mounts, expected) => {
  expect(ownCgroup({ membership: `${membership}\n`, mounts: `${mounts.join('\n')}\n` })).toBe(expected)
})

test.each([
  ['the first version alone', '1:name=systemd:/a\n', [first]],
  ['a cgroup that is not seen from here', '0::/../other\n', [whole]],
  ['a part that is mounted without it', '0::/a.slices/b\n', [part]],
  ['no cgroups mounted', '0::/\n', [tmpfs]],
])('none is found in %s', (_, membership, mounts) => {
  expect(ownCgroup({ membership, mounts: mounts.join('\n') })).toBeUndefined()
})
