import { onTestFinished, type TestContext } from 'vitest'
import { requires } from './requirements.ts'
import { SystemdBox, systemdBoxMissing } from './systemd-box.ts'

/** A box for this test, gone when it has ended; the test is skipped where there can be none. */
export async function openBox(context: Pick<TestContext, 'skip'>): Promise<SystemdBox> {
  const missing = await systemdBoxMissing()
  requires(context, missing === undefined, missing ?? '')
  const box = await SystemdBox.open()
  onTestFinished(() => box[Symbol.asyncDispose]())
  return box
}
