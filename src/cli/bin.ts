#!/usr/bin/env node
// Nothing that an old Node does not know may be imported here before its version was looked at.
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  process.stderr.write(`taskbeat needs Node 24 or later, and this is ${process.version}\n`)
  process.exit(78)
}
const [command = ''] = process.argv.slice(2)
if (['beat', 'worker', 'dev'].includes(command)) {
  const { holdSignals } = await import('../system/signals.ts')
  holdSignals()
}
const { main } = await import('./main.ts')
const { leave } = await import('./leave.ts')
await leave(await main(process.argv.slice(2)))
