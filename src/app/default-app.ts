import type { ConnectedApp } from '../client/app.ts'
import { connectApp } from './connect.ts'

let opened: Promise<ConnectedApp> | undefined

/** The app behind `task.delay()`: connected once by the configuration, and again after that has failed. */
export function openDefaultApp(): Promise<ConnectedApp> {
  const opening = opened ?? connectApp(undefined)
  opened = opening
  opening.catch(() => {
    if (opened === opening) opened = undefined
  })
  return opening
}
