import { onTestFinished } from 'vitest'
import { World } from './world.ts'

/** A world that ends with the test. */
export function openWorld(): World {
  const world = new World()
  onTestFinished(() => world[Symbol.asyncDispose]())
  return world
}
