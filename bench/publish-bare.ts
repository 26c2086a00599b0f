import { bareMessage, publishBarely } from './bare.ts'
import { declareQueue, queue, readGround, sentMessages } from './prepare.ts'

const { url, count } = readGround()
await declareQueue(url)
console.log(await publishBarely(url, queue, sentMessages(count).map(bareMessage)))
