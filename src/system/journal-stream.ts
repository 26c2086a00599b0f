import { fstatSync } from 'node:fs'

/**
 * Whether what is written to this descriptor goes to journald: then it is the one that systemd names in
 * `$JOURNAL_STREAM` by device and inode (systemd.exec(5)). A descriptor that was redirected since is another one.
 */
export function isJournalStream(
  descriptor: number,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const { JOURNAL_STREAM: named } = env
  if (!named) return false
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    return named === `${dev}:${ino}`
  } catch {
    return false // closed, and nothing that is written arrives anywhere
  }
}
