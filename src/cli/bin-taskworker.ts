#!/usr/bin/env node
// `taskworker` is `taskbeat worker`: the same program under the name of the service.
process.argv.splice(2, 0, 'worker')
await import('./bin.ts')
