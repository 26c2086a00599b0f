import { isMap } from '../core/is-map.ts'
import { jsonDepth } from '../core/json-depth.ts'
import { parseRunResult, type RunResult } from '../task/run-result.ts'
import { parseStrictJson } from './codec-json.ts'
import { Unreadable } from './codec-unreadable.ts'
import type { Incoming, Outgoing } from './session.ts'

/**
 * How a result travels: as Celery's `rpc://` result backend has it, so that Python applications get the results of our
 * workers and ours get those of Python's.
 *
 *     to             the sender's reply queue, by the default exchange; not mandatory, for it may be gone
 *     correlation_id that of the call, or its id
 *     body           { task_id, status, result, traceback, children, taskbeat }
 *
 * `status` is SUCCESS, FAILURE or REVOKED; RETRY and STARTED tell of what goes on, and are not written. `taskbeat` is
 * what Celery has no word for; other readers ignore it.
 */
export interface ResultAddress {
  readonly queue: string
  readonly correlationId: string
}

export function encodeResult(id: string, result: RunResult, address: ResultAddress): Outgoing {
  const { value, ...ours } = result.outcome === 'succeeded' ? result : { ...result, value: undefined }
  const body = {
    task_id: id,
    ...toCelery(result),
    traceback: null,
    children: [],
    taskbeat: result.outcome === 'succeeded' ? { ...ours, returned: value !== undefined } : ours,
  }
  return {
    exchange: '',
    routingKey: address.queue,
    correlationId: address.correlationId,
    body: Buffer.from(JSON.stringify(body)),
    headers: {},
    contentType: 'application/json',
    persistent: false,
    mandatory: false,
  }
}

function toCelery(result: RunResult): { readonly status: string; readonly result: unknown } {
  switch (result.outcome) {
    case 'succeeded':
      if (result.dropped !== undefined) return { status: 'FAILURE', result: lost(result.dropped) }
      return { status: 'SUCCESS', result: result.value ?? null }
    case 'revoked':
    case 'skipped':
      return { status: 'REVOKED', result: revoked('revoked') }
    case 'expired':
      return { status: 'REVOKED', result: revoked('expired') }
    case 'interrupted':
      return { status: 'REVOKED', result: revoked('terminated') }
    default:
      return { status: 'FAILURE', result: failure(result.outcome, result.error) }
  }
}

function revoked(why: string): object {
  return { exc_type: 'TaskRevokedError', exc_message: [why], exc_module: 'celery.exceptions' }
}

/** Celery's word for it, where who asks for the value of a success must not get None. */
function lost(why: string): object {
  return { exc_type: 'EncodeError', exc_message: [why], exc_module: 'kombu.exceptions' }
}

/** Python looks the class up in its module, and makes one of that name where it knows none. */
function failure(outcome: string, { name, message }: { name: string; message: string }): object {
  if (outcome === 'timedOut')
    return { exc_type: 'TimeLimitExceeded', exc_message: [message], exc_module: 'billiard.exceptions' }
  const isName = /^[A-Za-z_]\w{0,99}$/.test(name)
  return { exc_type: isName ? name : 'TaskError', exc_message: [message], exc_module: 'taskbeat.errors' }
}

/** A result that arrived; undefined when it is none, or tells of an attempt that another follows. */
export interface ArrivedResult {
  readonly id: string
  readonly result: RunResult
}

/** Somewhat more than the largest result that a worker of ours keeps. */
const largestBytes = 2_097_152
const deepest = 64

export function decodeResult(incoming: Incoming): ArrivedResult | undefined {
  if (incoming.contentType !== 'application/json' || incoming.body.length > largestBytes) return undefined
  const text = incoming.body.toString('utf8')
  const body = parse(text, false)
  if (!isMap(body) || typeof body.task_id !== 'string') return undefined
  const result = isMap(body.taskbeat) ? fromOurs(body.taskbeat, body.result) : fromCelery(text, body)
  return result && { id: body.task_id, result }
}

function fromOurs(ours: Fields, value: unknown): RunResult | undefined {
  const result = parseRunResult({ ...ours, ...(ours.returned === true ? { value } : {}) })
  return 'problem' in result ? undefined : result
}

function fromCelery(text: string, { status, result }: Fields): RunResult | undefined {
  switch (status) {
    case 'SUCCESS': {
      const strict = parse(text, true)
      if (isMap(strict)) return { outcome: 'succeeded', value: strict.result }
      const message = 'it returned what JavaScript cannot hold exactly'
      return { outcome: 'failed', error: { name: 'UnreadableResult', message } }
    }
    case 'FAILURE':
      return { outcome: 'failed', error: readError(result) }
    case 'REVOKED':
      return { outcome: 'revoked', error: readError(result) }
    default:
      return undefined
  }
}

function readError(value: unknown): { name: string; message: string } {
  const { exc_type: type, exc_message: parts } = isMap(value) ? value : {}
  const texts = [parts].flat().map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
  return { name: typeof type === 'string' ? type : 'Error', message: texts.join(', ') }
}

type Fields = Readonly<Record<string, unknown>>

/** Python's whole numbers may be too large to be held: strictly, those are refused. */
function parse(text: string, strictly: boolean): unknown {
  try {
    if (strictly) return parseStrictJson(text)
    return jsonDepth(text, deepest) > deepest ? undefined : JSON.parse(text)
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) return undefined
    throw error
  }
}
