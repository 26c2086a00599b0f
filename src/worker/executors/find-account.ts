import { execFile } from 'node:child_process'

/** A user of this machine, as passwd(5) has it. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly shell: string
}

/** Asks the machine for a user, wherever it keeps them: getent(1). Resolves with the reason when there is none. */
export async function findAccount(user: string, path: string): Promise<Account | string> {
  const { line, problem } = await askGetent(user, path)
  if (problem !== undefined) return problem
  const [name, , uid, gid, , home, shell] = line.trimEnd().split(':')
  if (name === undefined || !isNumber(uid) || !isNumber(gid))
    return `there is no user ${user} on this machine`
  return { name, uid: Number(uid), gid: Number(gid), home: home || '/', shell: shell || '/bin/sh' }
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d+$/.test(text)
}

/** How long a directory service may take to answer. */
const longestLookupMs = 10_000

function askGetent(
  user: string,
  path: string,
): Promise<{ readonly line: string; readonly problem?: string }> {
  return new Promise((resolve) => {
    const options = { env: { PATH: path }, cwd: '/', timeout: longestLookupMs }
    execFile('getent', ['passwd', user], options, (error, stdout) => {
      // 2: no such user; its answer is empty then.
      if (!error || error.code === 2) resolve({ line: stdout })
      else resolve({ line: '', problem: `the user ${user} cannot be looked up: ${error.message.trim()}` })
    })
  })
}
