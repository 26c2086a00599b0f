import { fileURLToPath } from 'node:url'
import { median } from '../test/support/median.ts'
import { startProcess } from '../test/support/owned-process.ts'

/** What a contestant is given: a fresh virtual host, and how much to do. */
export interface Ground {
  readonly url: string
  readonly count: number
}

export interface Contest {
  readonly title: string
  /** The one that the others are compared with. */
  readonly peer: string
  /** What the ratio to the peer should be at least, by contestant. */
  readonly goals: Readonly<Record<string, number>>
  /** Each resolves with how many it did in a second. */
  readonly contestants: Readonly<Record<string, (ground: Ground) => Promise<number>>>
}

export interface Rules {
  readonly rounds: number
  readonly count: number
  readonly openVhost: () => Promise<string>
}

/** What each reached, round by round. */
export type Rates = Readonly<Record<string, readonly number[]>>

export async function hold(contest: Contest, { rounds, count, openVhost }: Rules): Promise<Rates> {
  const rates: Record<string, number[]> = {}
  const contestants = Object.entries(contest.contestants)
  for (let round = 0; round < rounds; round++) {
    // Nobody is always the first.
    const turn = round % contestants.length
    for (const [name, run] of [...contestants.slice(turn), ...contestants.slice(0, turn)]) {
      const rate = await run({ url: await openVhost(), count })
      rates[name] = [...(rates[name] ?? []), rate]
      process.stderr.write(`  ${contest.title}, round ${round + 1}: ${name} ${Math.round(rate)}/s\n`)
    }
  }
  return rates
}

export function printTable({ title, peer, goals, contestants }: Contest, rates: Rates): void {
  const ofPeer = rates[peer] ?? []
  const rows = Object.keys(contestants).map((name) => {
    const own = rates[name] ?? []
    const ratios = own.map((rate, round) => rate / (ofPeer[round] ?? Number.NaN))
    const goal = goals[name]
    return [
      name,
      spread(own, (rate) => Math.round(rate).toLocaleString('en')),
      name === peer ? '' : spread(ratios, (ratio) => ratio.toFixed(2)),
      goal === undefined ? '' : `≥ ${goal} ${median(ratios) >= goal ? 'reached' : 'MISSED'}`,
    ]
  })
  console.log(`\n${title}\n`)
  const lines = [['', 'per second (least–most)', `× ${peer}`, 'goal'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  for (const line of lines)
    console.log(`  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}

function spread(values: readonly number[], show: (value: number) => string): string {
  return `${show(median(values))} (${show(Math.min(...values))}–${show(Math.max(...values))})`
}

/** Runs a script of this folder as a process of its own. Resolves with the number that it prints. */
export async function runScript(script: string, { url, count }: Ground): Promise<number> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = startProcess({
    name: script,
    command: process.execPath,
    args: [path, url, String(count)],
    cwd: process.cwd(),
  })
  const { code, stderr } = await child.ended
  const rate = Number(child.lines.at(-1))
  if (code !== 0 || !(rate > 0)) throw new Error(`${script} ended with ${code}: ${stderr}`)
  return rate
}
