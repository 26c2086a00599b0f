/**
 * Where the code of a module's task runs, from the thinnest wall to the thickest: in the worker's own thread, in a
 * thread of its own, in a process of its own.
 */
export type Isolation = 'inline' | 'thread' | 'process'

export const isolations: readonly Isolation[] = ['inline', 'thread', 'process']

/** That of a task of which nobody says it. */
export const defaultIsolation: Isolation = 'thread'
