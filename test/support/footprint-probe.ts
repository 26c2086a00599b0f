// Loaded into a process by NODE_OPTIONS: on SIGUSR2 it logs, after a garbage collection, what is left of what leaks.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

process.on('SIGUSR2', () => {
  collectGarbage()
  const resources = process.getActiveResourcesInfo()
  const footprint = {
    timers: resources.filter((kind) => kind === 'Timeout').length,
    handles: resources.filter((kind) => kind !== 'Timeout').length,
    heapMib: process.memoryUsage().heapUsed / 2 ** 20,
  }
  const time = new Date().toISOString()
  console.log(JSON.stringify({ time, level: 'debug', message: 'footprint', ...footprint }))
})
