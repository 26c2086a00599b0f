/**
 * Thrown by a handler for which trying again is no use: the attempt fails and no other follows, whatever the task's
 * `retry` says.
 *
 * @example
 * if (!customer) throw new Permanent(`no customer ${id}`)
 */
export class Permanent extends Error {
  constructor(message?: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'Permanent'
  }
}
