import { readFile, stat } from 'node:fs/promises'

/** An environment file is a page, not a database. */
const largestBytes = 1_048_576

const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s

/** The file cannot be used; the message names it, and the line, and never a value. */
export class EnvFileError extends Error {}

/** Reads a file of NAME=value lines, see `parseEnvFile`. Rejects with an EnvFileError. */
export async function readEnvFile(path: string): Promise<Record<string, string>> {
  return parseEnvFile(await readText(path), path)
}

async function readText(path: string): Promise<string> {
  try {
    const file = await stat(path)
    // Anything else may never end, or never answer.
    if (!file.isFile()) throw new EnvFileError(`env_file ${path} is no regular file`)
    if (file.size > largestBytes) throw new EnvFileError(`env_file ${path} is larger than 1 MiB`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof EnvFileError) throw error
    throw new EnvFileError(`env_file ${path} cannot be read: ${explain(error)}`, { cause: error })
  }
}

function explain(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'there is no such file'
  return code === 'EACCES' ? 'permission denied' : String(code)
}

/**
 * The part of systemd's EnvironmentFile= (systemd.exec(5)) that people use: NAME=value, one a line; empty lines and
 * lines that begin with # or ; say nothing; white space around a value is dropped unless it is in quotes; within
 * double quotes a backslash takes the next of `"`, `\`, `` ` `` and `$` as it is, within single quotes nothing is
 * special. There is no continuation of lines and no substitution. A later line of the same name wins.
 */
export function parseEnvFile(text: string, path: string): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    const [, name, written] = assignment.exec(line) ?? []
    if (name === undefined || written === undefined || line.includes('\0'))
      throw new EnvFileError(`env_file ${path}:${index + 1}: expected NAME=value`)
    const value = unquote(written.trimStart())
    if (value === undefined)
      throw new EnvFileError(`env_file ${path}:${index + 1}: the quotes of ${name} do not end with its line`)
    values[name] = value
  }
  return values
}

function unquote(written: string): string | undefined {
  const quote = written[0]
  if (quote !== '"' && quote !== "'") return written
  const quoted = quote === '"' ? /^"((?:[^"\\]|\\.)*)"$/s.exec(written) : /^'([^']*)'$/s.exec(written)
  if (!quoted) return undefined
  return quote === '"' ? quoted[1]?.replace(/\\(["\\`$])/g, '$1') : quoted[1]
}
