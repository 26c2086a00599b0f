import { inFlight, rateOf } from './in-flight.ts'
import { declareQueue, openBroker, readGround, sentMessages } from './prepare.ts'

const { url, count } = readGround()
await declareQueue(url)
const broker = openBroker(url)
const [first, ...messages] = sentMessages(count + 1)
if (first) await broker.publish([first]) // which connects
console.log(await rateOf(count, () => inFlight(messages, 1_000, (message) => broker.publish([message]))))
await broker.close()
