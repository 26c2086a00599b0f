import { judgingTime } from '../support/judging-time.ts'
import { openWorld } from '../support/test-world.ts'
import { measurePunctuality } from './punctuality.ts'

judgingTime(
  'a task starts within 20 ms of its time, and never before it',
  () => measurePunctuality(openWorld(), { seconds: 10, runsPerSecond: 50 }),
  120_000,
)
