import type { Instant } from '../../src/core/instant.ts'
import { instant } from '../../src/core/instant.ts'
import { newUuid } from '../../src/core/uuid.ts'
import type { MessageOccurrence, TaskMessage } from '../../src/task/task-message.ts'

/** A message that is due now, but for what the test says of it. */
export function aMessage(change: Partial<TaskMessage> = {}): TaskMessage {
  return {
    id: newUuid(),
    task: 'demo',
    args: [],
    kwargs: {},
    queue: 'taskbeat',
    priority: 4,
    eta: instant(Date.now()),
    attempt: 1,
    ...change,
  }
}

/** An occurrence of an entry, due now, but for what the test says of it. */
export function anOccurrence(
  entry: string,
  change: Partial<MessageOccurrence> = {},
  message: Partial<TaskMessage> = {},
): TaskMessage {
  const due = change.due ?? message.eta ?? (Date.now() as Instant)
  return aMessage({
    eta: due,
    ...message,
    occurrence: {
      entry,
      due,
      stamp: { epoch: 1, seq: 1 },
      overlap: 'allow',
      waitLimit: 10,
      replaceable: true,
      ...change,
    },
  })
}

export function soon(ms: number): Instant {
  return instant(Date.now() + ms)
}
