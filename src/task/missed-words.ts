/** Why something was missed, for people; what this version does not know is told as it was recorded. */
export function describeMissedReason(reason: string): string {
  return words[reason] ?? reason
}

const words: Readonly<Record<string, string>> = {
  superseded: 'a later one runs instead',
  tooOld: 'too long ago when it could be emitted',
  policy: 'the entry says missed: skip',
  tooMany: 'only the newest 1,000 are made up for',
  edited: 'the entry was edited since',
  refused: 'the broker refuses such a message for good',
  queueTookNothing: 'the queue took nothing in time',
  tooManyParked: 'the queue takes nothing, and too many wait for such queues',
}
