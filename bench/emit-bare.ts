import { etaQueue } from '../src/amqp/topology.ts'
import { bareMessage, publishBarely } from './bare.ts'
import { declareQueue, occurrences, queue, readGround } from './prepare.ts'

const { url, count } = readGround()
await declareQueue(url)
console.log(await publishBarely(url, etaQueue(queue), occurrences(count).map(bareMessage)))
