import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { describeError } from '../../core/errors.ts'
import type { AddCommand } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { starterFiles } from '../starter.ts'
import { print, remark, type Terminal } from '../terminal.ts'

/** `taskbeat init`: something that runs, to be changed into what one needs. */
export const addInit: AddCommand = (program, { terminal, run }) => {
  program
    .command('init')
    .description('write a schedule and a task to begin with')
    .argument('[directory]', 'where; made when it is not there', '.')
    .action(run(async (directory: string) => init(terminal, directory)))
}

async function init(terminal: Terminal, directory: string): Promise<number> {
  const root = resolve(terminal.host.cwd, directory)
  const files = starterFiles(Intl.DateTimeFormat().resolvedOptions().timeZone)
  const there = files.find(({ path }) => existsSync(join(root, path)))
  if (there) {
    remark(terminal, `${join(directory, there.path)} is there already; nothing was written`)
    return exitCode.failed
  }
  for (const file of files) {
    const place = join(directory, file.path)
    const problem = await write(join(root, file.path), file.text)
    if (problem !== undefined) {
      remark(terminal, `cannot write ${place}: ${problem}`)
      return exitCode.failed
    }
    print(terminal, `wrote ${place}`)
  }
  const enter = directory === '.' ? '' : `cd ${directory} && `
  print(terminal, `now watch it run: ${enter}taskbeat dev`)
  return exitCode.ok
}

/** Never over what has come to be there meanwhile. */
async function write(path: string, text: string): Promise<string | undefined> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text, { flag: 'wx' })
    return undefined
  } catch (error) {
    return describeError(error)
  }
}
