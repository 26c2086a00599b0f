/** Threads belong to the process, and so does this. */
let leavesThreads = false

/**
 * A thread of this process is inside a call of the system that does not return, or a loop that V8 does not interrupt.
 * `process.exit` would wait for it, so that `leave` has to end the process in another way.
 */
export function leaveThreadsBehind(): void {
  leavesThreads = true
}

/** Ends the process. What was written is waited for, however long it takes; what task modules have left open is not. */
export async function leave(code: number): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<unknown>((resolve) => stream.write('', resolve))
  }
  // The kernel ends every other thread when a process becomes another program, see execve(2).
  if (leavesThreads) process.execve?.('/bin/sh', ['sh', '-c', `exit ${code}`], {})
  process.exit(code)
}
