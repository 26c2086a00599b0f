/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: a file may well hold ${NAME} */
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadSettings } from '../../src/config/load-settings.ts'
import { renderProblem } from '../../src/config/problem.ts'
import { problemsOf } from './read-text.ts'

it.each([
  ['where a map belongs', 'broker: "amqp://u:s3cret@h"'],
  ['under a key of the broker', 'broker: { tls: "amqp://u:s3cret@h" }'],
  ['where a duration belongs', 'broker: { heartbeat: "amqp://u:s3cret@h" }'],
  ['where an address belongs', 'http: { beat: "amqp://u:s3cret@h" }'],
  ['where a time belongs', 'schedules: { a: { every: 1m, end: "amqp://u:s3cret@h", shell: x } }'],
  ['where a cron rule belongs', 'schedules: { a: { cron: "amqp://u:s3cret@h", shell: x } }'],
  ['as a key', 'broker: { "amqp://u:s3cret@h": 1 }'],
  ['with a slash in it', 'broker: { url: "amqp://u:s3cret/pw@h", hart: 1 }'],
  ['with a slash at its start', 'broker: { url: "amqp://u:/s3cret@h", hart: 1 }'],
  ['with an @ in it', 'broker: { url: "amqp://u:p@s3cret@h", hart: 1 }'],
  ['with a space in it', 'broker: { url: "amqp://u:my s3cret@h", hart: 1 }'],
  ['with a quote in it', 'broker: { url: amqp://u:my"s3cret@h, hart: 1 }'],
  ['without a colon in the scheme', 'broker: { url: "amqp//u:s3cret@h" }'],
  ['with one slash', 'broker: "amqp:/u:s3cret@h"'],
  ['without a scheme', 'broker: "u:s3cret@h"'],
  ['so long that it is cut', `broker: "amqp://u:s3cret${'x'.repeat(60)}@h"`],
  ['so long that its line is cut', `broker: { hart: 1, url: "amqp://u:s3cret${'x'.repeat(160)}@h" }`],
  ['as the default of a variable', 'broker: { url: "${URL:-amqp://u:s3cret@h}", hart: 1 }'],
  ['as the default of a name that is none', 'broker: { url: "amqp://u:${A-B:-s3cret}@h" }'],
  ['as a default written as shells allow it', 'broker: { url: "amqp://u:${PW-s3cret}@h" }'],
  ['beside what is not YAML', 'broker: { url: "amqp://u:s3cret/pw@h", a: @x }'],
  ['that is a key of its own', 'broker: { url: "amqp://u@h", password: s3cret }'],
])('a password is kept out of the messages: %s', (_where, text) => {
  expect(
    problemsOf(`${text}\n${text.startsWith('schedules') ? '' : 'schedules: {}\n'}`).join('\n'),
  ).not.toMatch(/s3c|cret/)
})

it('a password is kept out of what is said of an absent include', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'passwords-'))
  const file = join(directory.path, 'schedules.yaml')
  await writeFile(file, 'include: "${URL}"\nschedules: {}\n')
  const loaded = await loadSettings(file, { role: 'check', env: { URL: 'amqp://u:s3cret@h' } })
  if (!('problems' in loaded)) throw new Error('the absent file is no problem')
  const said = loaded.problems.map(renderProblem).join('\n')
  expect(said).toContain('no such file')
  expect(said).not.toContain('s3cret')
})

it.each([
  ['broker: { url: "amqp://ann@host:5672/v", hart: 1 }', 'amqp://ann@host:5672/v'],
  ['broker: { url: "amqp://ann:pw@host/v", hart: 1 }', 'amqp://ann:**@host/v'],
  ['log: { level: loud } # "x: @daily" ann@host', 'x: @daily" ann@host'],
])('what is no password is shown: %s', (text, shown) => {
  expect(problemsOf(`${text}\nschedules: {}\n`)[0]).toContain(shown)
})
