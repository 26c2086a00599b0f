/**
 * Which user a command runs as.
 *
 *   worker        the task says user:      it says none
 *   root          that user                $TASKBEAT_DEFAULT_USER, else root
 *   another       its own, else refused    its own
 *
 * A worker that somebody starts as root by hand runs what says nothing as root: only who sets up a service asks for
 * another user, by that variable (root.conf).
 */
import { userInfo } from 'node:os'
import type { Environment } from './command-environment.ts'

/** Whom this process may run commands as. */
export interface Identity {
  readonly isRoot: boolean
  /** The name of its own user, or its number where that has no name. */
  readonly name: string
  /** As root: who runs what says no user. */
  readonly defaultUser?: string
}

export function ownIdentity(environment: Environment): Identity {
  const uid = process.getuid?.() ?? -1
  const { TASKBEAT_DEFAULT_USER: defaultUser } = environment
  return { isRoot: uid === 0, name: ownName(uid), ...(defaultUser && { defaultUser }) }
}

function ownName(uid: number): string {
  try {
    return userInfo().username
  } catch {
    return String(uid) // nobody has given it a name
  }
}

/** Another user to change to, the worker's own, or why neither can be. */
export type RunAs =
  | { readonly kind: 'own' }
  | { readonly kind: 'other'; readonly user: string }
  | { readonly kind: 'refused'; readonly reason: string }

export function runAs(user: string | undefined, { isRoot, name, defaultUser }: Identity): RunAs {
  const wanted = user ?? (isRoot ? defaultUser : undefined)
  if (wanted === undefined || wanted === name) return { kind: 'own' }
  if (isRoot) return { kind: 'other', user: wanted }
  const reason = `it is to run as ${wanted}, and this worker runs as ${name}: only one that runs as root can change the user`
  return { kind: 'refused', reason }
}
