import type { Kind } from './kind.ts'
import { oneOf } from './kind.ts'
import { queueNameProblem } from './queue-name.ts'
import { readSection, type Section, sectionSchema } from './section.ts'
import type { QueueSettings } from './settings.ts'

interface QueueValues {
  readonly type: QueueSettings['type']
}

export const queueKeys: Section<QueueValues> = {
  keys: {
    type: {
      kind: oneOf(['quorum', 'classic', 'existing']),
      doc: 'RabbitMQ: how the queue is kept. `existing` is somebody else’s: never created, never altered, waited for.',
      default: 'quorum',
    },
  },
}

/** A map from names of queues to what they are. */
export const queueMap: Kind<readonly QueueSettings[]> = {
  expected: 'a map from names of queues to their type',
  get schema() {
    return { type: 'object', additionalProperties: sectionSchema(queueKeys) }
  },
  read(at) {
    if (at.node.kind !== 'map') return at.mismatch(this.expected)
    const queues: QueueSettings[] = []
    for (const { key, keyOffset, value } of at.pairs(at.node)) {
      const place = at.at(key, value)
      const problem = queueNameProblem(key)
      if (problem !== undefined) place.problem(problem, keyOffset)
      const given = readSection(place, queueKeys)
      queues.push({ name: key, type: given?.type?.value ?? 'quorum' })
    }
    return queues
  },
}
