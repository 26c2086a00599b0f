import { judgingTime } from '../support/judging-time.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { openWorld } from '../support/test-world.ts'
import { passTheLeadOnRabbitmq } from './rabbitmq-leaders.ts'

const rabbitmq = useRabbitmq()

judgingTime(
  'of two hosts one leads; when its beat is killed, stalled or stopped nothing is late or missed, and copies have a reason',
  async () => {
    const dose = { kills: 3, stalls: 1, longestStallMs: 6_000, stops: 2, seed: Date.now() % 1_000_000 }
    return passTheLeadOnRabbitmq(openWorld(), await rabbitmq.broker(), dose)
  },
  120_000,
)
