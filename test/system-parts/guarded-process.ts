// A process with a guard, that runs commands until it is killed. Its arguments: what to do, and a shell script.
// It prints the guard's process id, then a line for each thing that has happened.
import { spawn } from 'node:child_process'
import { systemClock } from '../../src/core/clock.ts'
import { instant } from '../../src/core/instant.ts'
import { newUuid } from '../../src/core/uuid.ts'
import { openGuard } from '../../src/system/guard.ts'
import { CommandExecutor } from '../../src/worker/executors/command-executor.ts'
import { aScript } from '../support/tasks.ts'

const [what, script = 'true'] = process.argv.slice(2)
const guard = openGuard({
  onLost: (reason) => {
    const look = setInterval(() => {
      if (guard.pid === undefined) return
      clearInterval(look)
      console.log(`lost ${reason}`)
      console.log(guard.pid)
    }, 5)
  },
})
console.log(guard.pid)
const id = newUuid()

switch (what) {
  case 'run': {
    console.log(id)
    const outcome = await new CommandExecutor({ clock: systemClock, guard, environment: process.env }).run({
      task: aScript(script),
      message: {
        id,
        task: 'demo',
        args: [],
        kwargs: {},
        queue: 'taskbeat',
        priority: 4,
        eta: instant(0),
        attempt: 1,
      },
      interrupt: new AbortController().signal,
      kill: new AbortController().signal,
      emit: (event) => event.kind === 'outputLine' && console.log(event.line),
    })
    console.log(outcome.kind)
    setInterval(() => {}, 60_000)
    break
  }
  case 'announce': // and die before the group is known
    console.log(id)
    spawn('/bin/sh', ['-c', script], {
      detached: true,
      stdio: 'ignore',
      env: { ...guard.announce().environment, TASKBEAT_ID: id },
    })
    console.log('ready')
    setInterval(() => {}, 60_000)
    break
  default: // come to the end
}
