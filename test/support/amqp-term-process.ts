// A process that leads a group until it is killed.
// Its arguments: what to do, the broker's URL, and a JSON value.
import type { Channel, Session } from '../../src/amqp/session.ts'
import { batonQueue } from '../../src/amqp/topology.ts'
import { cursorThrough } from '../../src/core/cursor.ts'
import { milliseconds } from '../../src/core/instant.ts'
import { leadAt } from './amqp-term-world.ts'
import { instead } from './instead.ts'
import { anOccurrence, soon } from './messages.ts'

const [what, url = '', text = 'null'] = process.argv.slice(2)
const input = JSON.parse(text)
const elsewhere = { host: 'elsewhere', pid: process.pid }

async function act(): Promise<void> {
  switch (what) {
    case 'lead': {
      const term = await leadAt(url, elsewhere)
      await term.emit({
        messages: [input.message],
        replacements: [],
        revocations: [],
        cursor: input.cursor,
      })
      console.log('leads')
      break
    }
    // Emits without rest until the term is lost, and says each id before and after.
    case 'emit': {
      const term = await leadAt(url, { ...elsewhere, heartbeat: milliseconds(input.heartbeatMs) })
      console.log(`leads ${term.epoch}`)
      try {
        for (;;) {
          const message = anOccurrence('tick', { stamp: term.stamp })
          const cursor = cursorThrough(soon(0))
          await term.emit({ messages: [message], replacements: [], revocations: [], cursor })
          console.log(message.id)
        }
      } catch (error) {
        console.log(`lost ${error instanceof Error && 'code' in error ? error.code : error}`)
      }
      break
    }
    // Emits for a queue of others.
    case 'park': {
      const typeOf = (queue: string) => (queue === input.queue ? 'existing' : 'quorum')
      const plan = { hold: milliseconds(60_000), typeOf } as const
      const term = await leadAt(url, { ...elsewhere, parts: { plan } })
      const cursor = cursorThrough(soon(0))
      await term.emit({ messages: [input.message], replacements: [], revocations: [], cursor })
      console.log('parked')
      break
    }
    // Is killed when its occurrences are confirmed and the baton is not written yet.
    case 'die': {
      const term = await leadAt(url, { ...elsewhere, around: dieBeforeBaton })
      await term.emit({ messages: input.messages, replacements: [], revocations: [], cursor: input.cursor })
      break
    }
    default:
      throw new Error(`what is ${what}?`)
  }
}

/** The first baton that is written is that of the claim. */
function dieBeforeBaton(session: Session): Session {
  let batons = 0
  return replacing(session, (channel) =>
    instead(channel, 'publish', (outgoing) => {
      if (outgoing.routingKey === batonQueue('main') && ++batons > input.batons)
        process.kill(process.pid, 'SIGKILL')
      return channel.publish(outgoing)
    }),
  )
}

function replacing(session: Session, around: (channel: Channel) => Channel): Session {
  return instead(session, 'openChannel', async (options) => around(await session.openChannel(options)))
}

await act()
setInterval(() => {}, 60_000)
