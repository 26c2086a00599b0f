import { appendFileSync } from 'node:fs'
import { connect } from 'amqplib'

const [url = '', queue = '', marks = ''] = process.argv.slice(2)
const connection = await connect(url)
const channel = await connection.createChannel()
await channel.prefetch(256)
await channel.consume(queue, (message) => {
  if (!message) return
  const { task } = message.properties.headers ?? {}
  if (task !== 'bench.nothing') appendFileSync(marks, `${task} ${Date.now()}\n`)
  channel.ack(message)
})
