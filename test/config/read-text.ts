import type { Loaded } from '../../src/config/load-settings.ts'
import { type ParseOptions, parseSettings } from '../../src/config/parse-settings.ts'
import { type Problem, renderProblem } from '../../src/config/problem.ts'
import type { Settings } from '../../src/config/settings.ts'
import { instant } from '../../src/core/instant.ts'

/** A file's text read on a machine in UTC, on a Sunday in November, as /srv/schedules.yaml. */
export function readText(text: string, options: Partial<ParseOptions> = {}): Loaded {
  return parseSettings({
    file: 'schedules.yaml',
    absolute: '/srv/schedules.yaml',
    text,
    mode: 0o644,
    role: 'check',
    env: { HOME: '/home/ann' },
    stateDir: undefined,
    hostname: 'oak',
    machineZone: 'UTC',
    now: instant(Date.UTC(2026, 10, 22, 12)),
    parts: { schedules: true, tasks: true },
    ...options,
  })
}

/** Its problems, rendered; fails when there are none. */
export function problemsOf(text: string, options?: Partial<ParseOptions>): string[] {
  const loaded = readText(text, options)
  if (!('problems' in loaded)) throw new Error('the file has no problems')
  return loaded.problems.map(renderProblem)
}

/** The first line of each problem, without the source line. */
export function complaintsOf(text: string, options?: Partial<ParseOptions>): string[] {
  return problemsOf(text, options).map(firstLine)
}

export function settingsOf(text: string, options?: Partial<ParseOptions>): Settings {
  return usable(readText(text, options)).settings
}

/** The first line of each warning. */
export function warningsOf(text: string, options?: Partial<ParseOptions>): string[] {
  return usable(readText(text, options)).warnings.map(renderProblem).map(firstLine)
}

export function usable(loaded: Loaded): Extract<Loaded, { readonly settings: unknown }> {
  if ('problems' in loaded) throw new Error(loaded.problems.map(renderProblem).join('\n'))
  return loaded
}

export function firstLine(rendered: string): string {
  return rendered.split('\n')[0] ?? ''
}

export type { Problem }
