export interface Program {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/**
 * For a program that a shell is to become: what the shell has to execute, after `/usr/bin/env -i -S`, and the variables
 * that it has to hold then. A shell drops, alters or refuses variables that mean something to it (PWD, IFS, OPTIND, in
 * bash many more), so it sees none by its name: they travel as v0, v1, …, and env(1) gives them their names again. It
 * reads the values from its environment, not from its arguments, which everybody could see.
 */
export function exactEnvironment({ program, args, env }: Program): {
  readonly args: readonly string[]
  readonly carried: Readonly<Record<string, string>>
} {
  const named = Object.entries(env).map(([name, value], index) => ({ name, value, carrier: `v${index}` }))
  const assignments = named.map(({ name, carrier }) => `${quoted(`${name}=`)}\${${carrier}}`).join(' ')
  // To env(1) whatever has such a sign is an assignment, the path of a program as well; to nice(1) it is not.
  const tail = program.includes('=') ? ['nice', '-n', '0', program, ...args] : [program, ...args]
  return {
    args: [assignments, ...tail],
    carried: Object.fromEntries(named.map(({ carrier, value }) => [carrier, value])),
  }
}

/** As `env -S` reads it. */
function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`
}
