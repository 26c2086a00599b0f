import { styleText } from 'node:util'
import { pino } from 'pino'
import type { LogFormat, LogLevel } from '../config/settings.ts'
import { journaldText } from './journald-log.ts'
import type { JournaldStreams } from './journald-streams.ts'
import type { Line } from './line.ts'
import { Outlet } from './outlet.ts'
import { aboutRun, readableLines } from './readable.ts'

/** Where lines go. It never throws: a log that nobody reads any more stops nothing. */
export interface Log {
  write(line: Line): void
  /** The level that is written from here on. */
  level: LogLevel
}

export interface LogOptions {
  readonly level: LogLevel
  /** `auto`: journald's where the stream is the journal, pretty on a terminal, JSON otherwise. */
  readonly format: LogFormat
  readonly stream: NodeJS.WriteStream
  /** Whether journald reads what is written to the stream. */
  readonly isJournal?: boolean
  /** Where journald's format writes what tasks say; on the stream it would stand under the name of the service. */
  readonly taskStreams?: JournaldStreams | undefined
}

/** Opens the log on a stream. JSON is pino's: one object a line, `level` as text, `time` in UTC with milliseconds. */
export function createLog({ level, format, stream, isJournal = false, taskStreams }: LogOptions): Log {
  stream.on('error', () => {})
  const outlet = new Outlet(stream)
  const log = openLog({ level, format, stream, isJournal, taskStreams }, outlet)
  return {
    write(line) {
      const lost = outlet.takeLost()
      if (lost > 0) log.write(lostLines(lost))
      log.write(line)
    },
    get level() {
      return log.level
    },
    set level(changed) {
      log.level = changed
    },
  }
}

function lostLines(count: number): Line {
  const message = `${count} lines of the log were lost, because nobody has read it for a while`
  return { level: 'warn', message, fields: { lines: count } }
}

function openLog({ level, format, stream, isJournal, taskStreams }: LogOptions, outlet: Outlet): Log {
  const fitting = isJournal ? 'journald' : stream.isTTY ? 'pretty' : 'json'
  switch (format === 'auto' ? fitting : format) {
    case 'json':
      return jsonLog(outlet, level)
    case 'pretty':
      return textLog(level, (line) => outlet.write(prettyText(line, stream)))
    case 'journald':
      return textLog(level, (line) => writeToJournald(line, outlet, taskStreams))
  }
}

function jsonLog(outlet: Outlet, level: LogLevel): Log {
  const logger = pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
    },
    { write: (text) => outlet.write(text) },
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

function textLog(level: LogLevel, write: (line: Line) => void): Log {
  return {
    level,
    write(line) {
      if (severity[line.level] >= severity[this.level]) write(line)
    },
  }
}

function writeToJournald(line: Line, outlet: Outlet, streams: JournaldStreams | undefined): void {
  const { said } = line
  const writeHere = (): void => {
    outlet.write(journaldText(line))
  }
  if (streams && said) streams.write(said.by, journaldText({ ...line, message: said.text }), writeHere)
  else writeHere()
}

/** A message of several lines keeps them, indented: only what begins at the edge is a line of the log. */
function prettyText(line: Line, stream: NodeJS.WriteStream): string {
  const paint = (style: Parameters<typeof styleText>[0] | undefined, text: string): string =>
    stream.isTTY && style ? styleText(style, text, { stream }) : text
  const time = paint('gray', clockTime(new Date()))
  const about = aboutRun(line)
  const [message = '', ...below] = readableLines(line)
  const first = `${time} ${paint(colour[line.level], message)}${about ? paint('gray', `  ${about}`) : ''}`
  return `${[first, ...below.map((text) => `  ${text}`)].join('\n')}\n`
}

function clockTime(date: Date): string {
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
