import { hasUnknownPythonType } from '../task/python-type.ts'
import type { AnyValues } from './entry-keys.ts'
import { roomProblem } from './json-kind.ts'
import type { Place } from './place.ts'
import type { Values } from './section.ts'
import type { Surroundings } from './surroundings.ts'

/** Arguments of an entry, each of them as it should be, that no message of the broker could carry. */
export function refuseUnsendable(
  at: Place,
  given: Values<AnyValues>,
  { broker, defaults }: Surroundings,
): void {
  const args = given.args ?? defaults.args
  const kwargs = given.kwargs ?? defaults.kwargs
  const problem = args && kwargs && roomProblem(args.value, kwargs.value)
  const where = given.kwargs ?? given.args ?? { at }
  if (problem !== undefined) where.at.problem(`args and kwargs together: ${problem}`)
  if (broker !== 'amqp') return
  if (hasUnknownPythonType(args?.value)) (given.args ?? { at }).at.problem(meansSomething)
  if (hasUnknownPythonType(kwargs?.value)) (given.kwargs ?? { at }).at.problem(meansSomething)
}

const meansSomething =
  'a map of just __type__ and __value__ has a meaning for Celery, and the messages on RabbitMQ are of its kind'
