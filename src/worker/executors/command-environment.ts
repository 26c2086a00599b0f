import { toIso } from '../../core/instant.ts'
import type { TaskDefinition } from '../../task/task-definition.ts'
import type { TaskMessage } from '../../task/task-message.ts'
import { readEnvFile } from './env-file.ts'
import type { Account } from './find-account.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** All that a command gets of the worker's own environment: nothing in it is a secret of the worker's. */
const inherited = /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR)$/

export const standardPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * What a command finds in its environment: what it inherits (who it is, of the user that it runs as), then `env_file`, then `env`, then what it may know of its
 * run, which nothing overrides. What does not apply (the entry of a task that was sent by hand) is empty rather than
 * absent, for scripts under `set -u`. Rejects with an EnvFileError.
 */
export async function commandEnvironment(
  definition: TaskDefinition,
  message: TaskMessage,
  own: Environment,
  account?: Account,
): Promise<Record<string, string>> {
  const environment: Record<string, string> = { PATH: standardPath }
  for (const [name, value] of Object.entries(own))
    if (value !== undefined && inherited.test(name)) environment[name] = value
  if (account) {
    const { name, home, shell } = account
    Object.assign(environment, { HOME: home, USER: name, LOGNAME: name, SHELL: shell })
  }
  if (definition.envFile !== undefined) Object.assign(environment, await readEnvFile(definition.envFile))
  return { ...environment, ...definition.env, ...runEnvironment(message) }
}

/** What the processes of a run may know of it, and are known by. */
export function runEnvironment(message: TaskMessage): Record<string, string> {
  return {
    TASKBEAT_ID: message.id,
    TASKBEAT_TASK: message.task,
    TASKBEAT_ENTRY: message.occurrence?.entry ?? '',
    TASKBEAT_DUE: message.occurrence ? toIso(message.occurrence.due) : '',
    TASKBEAT_ATTEMPT: String(message.attempt),
    TASKBEAT_QUEUE: message.queue,
  }
}
