// Loaded into a process by NODE_OPTIONS: on SIGUSR2 it logs, after a full garbage collection, how much is left of what leaks.
import { Socket } from 'node:net'
import { memoryUsage } from 'node:process'
import { queryObjects } from 'node:v8'

// The class of timers has no name of its own to import it by.
const aTimer = setTimeout(() => {}, 0)
const Timer = aTimer.constructor as new () => object
clearTimeout(aTimer)

process.on('SIGUSR2', () => {
  const count = (kind: new () => object): number => queryObjects(kind, { format: 'count' })
  const counts = {
    timers: count(Timer),
    signals: count(AbortSignal as unknown as new () => object),
    sockets: count(Socket),
    promises: count(Promise as unknown as new () => object),
  }
  const heap = memoryUsage().heapUsed
  console.log(
    JSON.stringify({
      time: new Date().toISOString(),
      level: 'debug',
      message: 'footprint',
      ...counts,
      heapMib: heap / 2 ** 20,
    }),
  )
})
