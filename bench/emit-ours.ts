import { cursorThrough } from '../src/core/cursor.ts'
import { soon } from '../test/support/messages.ts'
import { rateOf } from './in-flight.ts'
import { declareQueue, occurrences, openBroker, readGround } from './prepare.ts'

/** What a beat emits at once. */
const batch = 500

const { url, count } = readGround()
await declareQueue(url)
const broker = openBroker(url)
const candidate = { group: 'main', host: 'here', pid: process.pid, scheduleHash: 'aaaa' }
const term = await broker.lead(candidate, new AbortController().signal)
const messages = occurrences(count)
const rate = await rateOf(count, async () => {
  for (let from = 0; from < count; from += batch) {
    const cursor = cursorThrough(soon(0))
    const portion = messages.slice(from, from + batch)
    await term.emit({ messages: portion, replacements: [], revocations: [], cursor })
  }
})
console.log(rate)
await term.resign()
await broker.close()
