import { onTestFinished } from 'vitest'
import { Relay } from './relay.ts'

/** A relay that ends with the test. */
export async function openRelay(target: { host: string; port: number }): Promise<Relay> {
  const relay = await Relay.open(target)
  onTestFinished(() => relay[Symbol.asyncDispose]())
  return relay
}
