import { connect } from 'amqplib'

const [url = '', queue = ''] = process.argv.slice(2)
const connection = await connect(url, { noDelay: true })
const channel = await connection.createChannel()
await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
await channel.prefetch(10)
await channel.consume(queue, (message) => {
  if (!message) return
  const [x, y] = JSON.parse(message.content.toString()) as [number, number]
  const { replyTo, correlationId } = message.properties
  channel.sendToQueue(String(replyTo), Buffer.from(JSON.stringify(x + y)), { correlationId })
  channel.ack(message)
})
console.log('ready')
