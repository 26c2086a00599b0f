/** Where the kernel shows this process's own cgroup, of the second version; undefined where it does not. */
export interface CgroupFacts {
  /** /proc/self/cgroup, see cgroups(7). */
  readonly membership: string
  /** /proc/self/mountinfo, see proc_pid_mountinfo(5). */
  readonly mounts: string
}

/**
 * The directory of this process's cgroup. A machine may have both versions: that of the second has no controllers'
 * names.
 */
export function ownCgroup({ membership, mounts }: CgroupFacts): string | undefined {
  const [, path] = /^0::(\/.*)$/m.exec(membership) ?? []
  // In a container that has not been given a view of its own it may lie beside what is mounted.
  if (path === undefined || path.startsWith('/..')) return undefined
  const [mount] = mountsOf(mounts)
    .filter(({ root }) => isWithin(path, root))
    .sort((a, b) => b.root.length - a.root.length)
  return mount && `${mount.point}${path.slice(mount.root.length)}`.replace(/\/$/, '')
}

interface Mount {
  /** What of the hierarchy is seen, without a slash at its end: '' for the whole. */
  readonly root: string
  readonly point: string
}

/** 41 31 0:38 /root /sys/fs/cgroup rw,relatime shared:7 - cgroup2 cgroup2 rw */
function mountsOf(text: string): readonly Mount[] {
  return text
    .split('\n')
    .filter((line) => line.includes(' - cgroup2 '))
    .map((line) => {
      const [, , , root = '', point = ''] = line.split(' ')
      return { root: root === '/' ? '' : decode(root), point: decode(point) }
    })
}

/** Blanks and the like are written as \040. */
function decode(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`)
}
