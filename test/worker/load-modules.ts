// Loads task modules as a worker does, and prints what it found. A process of its own, because the tests' runner has
// its own way of importing. Its argument is JSON: a directory, patterns, and for each round the files to write first.
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { TaskModules } from '../../src/worker/task-modules.ts'

const { directory, patterns, rounds } = JSON.parse(process.argv[2] ?? '')
const modules = new TaskModules({ clock: systemClock })
let second = 1_700_000_000

for (const files of rounds) {
  for (const [name, text] of Object.entries<string>(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    utimesSync(path, ++second, second) // a change that no clock is too coarse for
  }
  const { tasks, problems } = await modules.load(patterns.map((pattern: string) => join(directory, pattern)))
  const found = tasks.map(({ task, file }) => ({
    name: task.name,
    file: relative(directory, file),
    options: task.options,
    result: (task.handler as () => unknown)(),
  }))
  const shown = problems.map(({ file, reason }) => `${relative(directory, file)}: ${reason}`)
  console.log(JSON.stringify({ found, problems: shown }).replaceAll(directory, ''))
}
