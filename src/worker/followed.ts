import type { Listener } from '../broker/delivery.ts'
import type { Clock } from '../core/clock.ts'
import type { TaskMessage } from '../task/task-message.ts'
import { PrintedLines } from './executors/printed-lines.ts'
import type { EmitWorkerEvent, WorkerEvent } from './worker-event.ts'

/** An attempt that somebody follows, as its executor speaks of it. */
export interface Followed {
  readonly emit: EmitWorkerEvent
  /** Nothing of it comes any more. */
  end(): void
}

/**
 * Tells whoever follows an attempt what the log gets of it, line by line: what it prints, and as from its standard error
 * what its code logs, which has a bound of its own here.
 */
export function follow(
  message: TaskMessage,
  emit: EmitWorkerEvent,
  listener: Listener,
  clock: Clock,
): Followed {
  const listen = (event: WorkerEvent): void => {
    if (event.kind === 'outputLine') {
      const { stream, line, cut } = event
      listener.line({ stream, line, cut })
    } else if (event.kind === 'outputOmitted') listener.omitted(event.lines)
    else if (event.kind === 'taskLogged') logged.write('stderr', Buffer.from(`${event.text}\n`))
  }
  const logged = new PrintedLines({ message, emit: listen }, clock)
  return {
    emit: (event) => {
      emit(event)
      listen(event)
    },
    end: () => {
      logged.end()
      listener.ended()
    },
  }
}
