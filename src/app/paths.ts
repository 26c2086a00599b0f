import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'

/** The journal of this host: what ran, and what was missed. */
export function journalPath(settings: Settings): string {
  return join(settings.stateDir, 'journal.db')
}
