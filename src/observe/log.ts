import { styleText } from 'node:util'
import { pino } from 'pino'
import type { LogFormat, LogLevel } from '../config/settings.ts'
import type { Line } from './line.ts'

/** Where lines go. It never throws: a log that nobody reads any more stops nothing. */
export interface Log {
  write(line: Line): void
  /** The level that is written from here on. */
  level: LogLevel
}

export interface LogOptions {
  readonly level: LogLevel
  /** `auto`: pretty on a terminal, JSON otherwise. */
  readonly format: LogFormat
  readonly stream: NodeJS.WriteStream
}

/** Opens the log on a stream. JSON is pino's: one object a line, `level` as text, `time` in UTC with milliseconds. */
export function createLog({ level, format, stream }: LogOptions): Log {
  stream.on('error', () => {})
  const pretty = format === 'pretty' || (format === 'auto' && stream.isTTY)
  return pretty ? prettyLog(stream, level) : jsonLog(stream, level)
}

function jsonLog(stream: NodeJS.WriteStream, level: LogLevel): Log {
  const logger = pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
    },
    stream,
  )
  return {
    write: ({ level: lineLevel, message, fields }) => logger[lineLevel](fields, message),
    get level() {
      return logger.level as LogLevel
    },
    set level(changed) {
      logger.level = changed
    },
  }
}

const severity = { debug: 0, info: 1, warn: 2, error: 3 } as const
const colour = { debug: 'gray', info: undefined, warn: 'yellow', error: 'red' } as const

function prettyLog(stream: NodeJS.WriteStream, level: LogLevel): Log {
  const paint = (style: Parameters<typeof styleText>[0] | undefined, text: string): string =>
    stream.isTTY && style ? styleText(style, text, { stream }) : text
  return {
    level,
    write(line) {
      if (severity[line.level] < severity[this.level]) return
      const time = paint('gray', clockTime(new Date()))
      const { id, attempt } = line.fields
      const detail = [id && String(id).slice(0, 8), Number(attempt) > 1 && `attempt ${attempt}`]
        .filter(Boolean)
        .join(' ')
      const [message = '', ...below] = [...line.message.split('\n'), ...(line.detail ?? [])].map(visible)
      const first = `${time} ${paint(colour[line.level], message)}${detail ? paint('gray', `  ${detail}`) : ''}`
      stream.write(`${[first, ...below.map((text) => `  ${text}`)].join('\n')}\n`)
    },
  }
}

function clockTime(date: Date): string {
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/**
 * What a task prints must not steer the terminal of whoever reads it. A message of several lines keeps them, indented:
 * only what begins at the edge is a line of the log.
 */
function visible(text: string): string {
  return text.replaceAll(/(?!\t)[\p{Cc}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}
