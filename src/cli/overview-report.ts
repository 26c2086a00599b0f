import { printable } from '../config/problem.ts'
import type { Instant } from '../core/instant.ts'
import { describeDifference } from '../observe/schedule-difference.ts'
import { compileEntry } from '../schedule/entry.ts'
import { durationOf } from './history-row.ts'
import { localTime, machineZone, nearTime, relativeTime } from './local-time.ts'
import { outcomeWords } from './outcome-words.ts'
import type { EntryOverview, Overview } from './overview.ts'
import { type Cell, paint, print, printTable, remark, type Terminal } from './terminal.ts'
import { upcoming } from './upcoming.ts'

/** For people: a few lines on who is there, and tables of queues and entries. */
export function printOverview(terminal: Terminal, overview: Overview): void {
  const { broker, journal, queues, entries, now } = overview
  for (const [what, place, exists] of [
    ['broker', broker.place, broker.exists],
    ['journal', journal.path, journal.exists],
  ] as const)
    if (!exists) remark(terminal, `the ${what} ${place} does not exist yet: no beat or worker has run here`)
  print(terminal, `broker   ${printable(broker.place)}, group ${printable(overview.group)}`)
  if (overview.takesNothing)
    remark(terminal, 'the broker takes no messages now, a memory or disk alarm is set: nobody can answer')
  print(terminal, `beat     ${leaderLine(terminal, overview)}`)
  for (const line of otherBeatLines(terminal, overview)) print(terminal, `beat     ${line}`)
  for (const line of workerLines(terminal, overview)) print(terminal, `worker   ${line}`)
  print(terminal, `journal  of ${printable(`${journal.host}, ${journal.path}`)}`)
  print(terminal, '')
  printTable(
    terminal,
    ['queue', 'ready', 'scheduled', 'running', 'dead', 'workers'],
    queues.map(({ name, ready, scheduled, running, dead, workers }) => [
      name,
      ...[ready, scheduled, running].map(String),
      dead > 0 ? { text: String(dead), style: 'red' as const } : '0',
      String(workers),
    ]),
  )
  if (overview.delayed > 0) print(terminal, `delayed further, for all queues: ${overview.delayed}`)
  if (entries.length === 0) return
  print(terminal, '')
  printTable(
    terminal,
    ['entry', 'last', 'outcome', 'duration', 'next'],
    entries.map((entry) => entryRow(entry, now)),
  )
}

function leaderLine(terminal: Terminal, { leader, entries, now }: Overview): string {
  if (!leader) return paint(terminal, 'yellow', 'no beat leads')
  const { host, pid, since, cursor, alive } = leader
  const who = printable(`${host}, pid ${pid}`)
  const zone = machineZone()
  const from = `since ${localTime(since, zone)} (${relativeTime(since, now)})`
  if (!alive)
    return paint(
      terminal,
      'yellow',
      `no beat leads; the last to lead, on ${who}, ${from}: its process is gone`,
    )
  const through = cursor ? `, everything emitted through ${nearTime(cursor.due, zone, now)}` : ''
  const emitted =
    cursor && isEmitted(entries, cursor.due, now) ? ', everything that is due is emitted' : through
  return `on ${who}, leads ${from}${emitted}`
}

/** Nothing has become due since: the beat of a few entries writes nothing for hours, and is not behind. */
function isEmitted(entries: Overview['entries'], through: Instant, now: Instant): boolean {
  if (through >= now) return false
  const enabled = entries.flatMap(({ spec }) => (spec.enabled ? compileEntry(spec) : []))
  const { occurrences } = upcoming(enabled, { from: through, to: now, limit: 1, by: 'due' })
  return occurrences.length === 0
}

function otherBeatLines(terminal: Terminal, { leader, standbys, otherLeaders }: Overview): string[] {
  return [
    ...standbys.map(({ host, pid, scheduleHash, difference }) => {
      const line = printable(`on ${host}, pid ${pid}, stands by`)
      if (!leader || leader.scheduleHash === scheduleHash) return line
      return (
        line + paint(terminal, 'yellow', printable(` with another schedule${describeDifference(difference)}`))
      )
    }),
    ...otherLeaders.map(({ group, host, pid }) =>
      printable(`on ${host}, pid ${pid}, leads the group ${group}`),
    ),
  ]
}

function workerLines(terminal: Terminal, { workers, now }: Overview): string[] {
  if (workers.length === 0) return [paint(terminal, 'yellow', 'no worker')]
  return workers.map(({ host, pid, since, queues, awaits, slots, running }) => {
    const served = queues.filter((queue) => !awaits.includes(queue))
    const missing =
      awaits.length > 0 ? printable(`, waits for ${awaits.join(', ')}, which nobody has declared`) : ''
    return (
      printable(
        `on ${host}, pid ${pid}, started ${relativeTime(since, now)}, ${running} of ${slots} slots busy, takes from ${served.join(', ') || 'nothing'}`,
      ) + paint(terminal, 'yellow', missing)
    )
  })
}

function entryRow({ spec, last, next }: EntryOverview, now: Overview['now']): readonly Cell[] {
  const coming =
    next === undefined ? 'never' : `${nearTime(next, spec.timezone, now)} (${relativeTime(next, now)})`
  return [
    spec.name,
    last ? `${nearTime(last.at, spec.timezone, now)} (${relativeTime(last.at, now)})` : '',
    last ? outcomeWords[last.kind === 'run' ? last.run.outcome : 'missed'] : '',
    last?.kind === 'run' ? durationOf(last.run, now) : '',
    spec.enabled ? coming : 'disabled',
  ]
}
