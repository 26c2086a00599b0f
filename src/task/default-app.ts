import { TaskbeatError } from '../core/errors.ts'
import type { Run } from './run.ts'

/** The part of an app that `task.delay()` needs. */
export interface Sender {
  send(task: { readonly name: string }, args: readonly unknown[]): Promise<Run<never>>
}

/** Set by whoever composes the package; a task that is only run needs no app, and opens none. */
let provide: (() => Promise<Sender>) | undefined

/** Says how the default app is come by; asked once something is sent by it. */
export function provideDefaultApp(provider: () => Promise<Sender>): void {
  provide = provider
}

export async function defaultApp(): Promise<Sender> {
  if (!provide) throw new TaskbeatError('UNSUPPORTED', 'there is no default app here')
  return provide()
}
