import type { Outcome } from '../../src/task/outcome.ts'

/** Variables that shells drop, alter, add or refuse. */
export const strange: Readonly<Record<string, string>> = {
  PWD: '/of/the task',
  OLDPWD: 'a',
  IFS: 'b',
  PPID: 'c',
  OPTIND: 'abc',
  LINENO: 'd',
  PS1: 'e',
  PS4: 'f',
  SHLVL: 'g',
  RANDOM: 'h',
  UID: 'i',
  SECONDS: 'j',
  SHELLOPTS: 'k',
  _: 'l',
  v0: 'm',
  EMPTY: '',
  ODD: `it's "\\c \${HOME} $HOME #\n\t`,
}

/** What `env -0` has printed, but those that are others each time. */
export function variablesOf(outcome: Outcome): readonly string[] {
  const { head = '' } = 'output' in outcome ? (outcome.output ?? {}) : {}
  return head.split('\0').filter((line) => !/^TASKBEAT_(GUARD|ID)=/.test(line))
}
