import { inflateSync } from 'node:zlib'
import { largestMessageBytes } from '../task/task-message.ts'
import { parseStrictJson } from './codec-json.ts'
import { Unreadable } from './codec-unreadable.ts'
import type { Incoming } from './session.ts'

export interface Call {
  readonly args: unknown
  readonly kwargs: unknown
}

/** The body `[args, kwargs, embed]`, decompressed and parsed. Throws Unreadable. */
export function readBody(incoming: Incoming): Call {
  const body = parseStrictJson(readText(incoming))
  if (!Array.isArray(body) || body.length !== 3) {
    throw new Unreadable('its body is no list of args, kwargs and embed')
  }
  const [args, kwargs, embed] = body
  refuseFollowers(embed)
  return { args, kwargs }
}

function readText(incoming: Incoming): string {
  requireType(incoming.contentType)
  requireEncoding(incoming.contentEncoding)
  requireSize(incoming.body)
  const bytes = decompress(incoming.body, incoming.headers.compression)
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Unreadable('its body is not UTF-8')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** JSON only: decoding pickle runs whatever the sender likes, and YAML can do as much. */
function requireType(contentType: string | undefined): void {
  if (contentType === 'application/json') return
  if (contentType === undefined) throw new Unreadable('it has no content type, expected application/json')
  const [type = ''] = contentType.split(';')
  if (type.trim().toLowerCase() !== 'application/json') {
    throw new Unreadable(`its content type is ${quoted(contentType)}, expected application/json`)
  }
}

function requireEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding === 'utf-8' || /^(?:utf-?8|us-ascii|ascii)$/i.test(encoding)) return
  throw new Unreadable(`its content encoding is ${quoted(encoding)}, expected utf-8`)
}

function requireSize(body: Buffer): void {
  if (body.length > largestMessageBytes) {
    throw new Unreadable(`it has ${body.length} bytes, and ${largestMessageBytes} are the most`)
  }
}

/** Celery calls it gzip, and it is a zlib stream (RFC 1950). */
function decompress(body: Buffer, compression: unknown): Buffer {
  if (compression === undefined || compression === null) return body
  if (compression !== 'application/x-gzip') {
    throw new Unreadable(`it is compressed as ${quoted(String(compression))}, and only zlib is known here`)
  }
  try {
    return inflateSync(body, { maxOutputLength: largestMessageBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new Unreadable(`decompressed it has more than ${largestMessageBytes} bytes`)
    }
    throw new Unreadable('it cannot be decompressed')
  }
}

/** Run without them, it would leave undone what its sender counts on. */
function refuseFollowers(embed: unknown): void {
  if (embed === null) return
  if (typeof embed !== 'object' || Array.isArray(embed))
    throw new Unreadable('the embed of its body is no map')
  for (const [key, words] of followers) {
    const value = Object.hasOwn(embed, key) ? (embed as Record<string, unknown>)[key] : undefined
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue
    throw new Unreadable(`it has ${words}, which is not supported yet`)
  }
}

const followers = [
  ['callbacks', 'a callback (link)'],
  ['errbacks', 'an error callback (link_error)'],
  ['chain', 'a next step (chain)'],
  ['chord', 'a chord'],
] as const

/** What came from outside, short enough for a sentence. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
