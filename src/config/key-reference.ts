import { brokerKeys, tlsKeys } from './broker-keys.ts'
import { entryKeys } from './entry-keys.ts'
import { beatKeys, fileKeys, logKeys, recycleKeys, workerKeys } from './file-keys.ts'
import { httpKeys } from './http-keys.ts'
import { queueKeys } from './queues-kind.ts'
import { retryKeys } from './retry-kind.ts'
import type { Key, Section } from './section.ts'
import { taskKeys } from './task-keys.ts'

/** The keys of one map of the file, for people. */
export interface KeySection {
  /** Where the map is: `broker.tls`, `schedules.NAME`; empty for the file itself. */
  readonly path: string
  readonly about: string
  readonly keys: readonly KeyDescription[]
}

export interface KeyDescription {
  readonly name: string
  /** Fit to follow "expects". */
  readonly expected: string
  readonly doc: string
  readonly default?: string
}

/** Every key that the file may have, in the order in which one would write it. */
export function keyReference(): readonly KeySection[] {
  return [
    describe('', 'At the top of the file.', fileKeys),
    describe('schedules.NAME', 'An entry; those of a task may stand beside `command` or `shell`.', entryKeys),
    describe('tasks.NAME', 'A task, or options for one of a module.', taskKeys),
    describe('tasks.NAME.retry', 'The whole policy; a number is `max` alone.', retryKeys),
    describe('broker', fileKeys.keys.broker.doc, brokerKeys),
    describe('broker.tls', brokerKeys.keys.tls.doc, tlsKeys),
    describe('queues.NAME', fileKeys.keys.queues.doc, queueKeys),
    describe('beat', fileKeys.keys.beat.doc, beatKeys),
    describe('worker', fileKeys.keys.worker.doc, workerKeys),
    describe('worker.recycle', workerKeys.keys.recycle.doc, recycleKeys),
    describe('http', fileKeys.keys.http.doc, httpKeys),
    describe('log', fileKeys.keys.log.doc, logKeys),
  ]
}

function describe<V>(path: string, about: string, section: Section<V>): KeySection {
  const keys = Object.entries<Key<unknown>>(section.keys).map(([name, { kind, doc, default: standard }]) => ({
    name,
    expected: kind.expected,
    doc,
    ...(standard !== undefined && { default: standard }),
  }))
  return { path, about, keys }
}
