// A timer that has nothing else to do. When it is late, so is everybody on this machine.
import { setTimeout as delay } from 'node:timers/promises'

const periodMs = 5
const lateMs = 20

console.log('ready')
for (;;) {
  const planned = Date.now() + periodMs
  await delay(periodMs)
  const now = Date.now()
  if (now - planned > lateMs) console.log(`${planned} ${now}`)
}
