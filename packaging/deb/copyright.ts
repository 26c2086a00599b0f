import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What comes along: its place in the package, and where its licence is to be read. */
export interface Companion {
  readonly place: string
  readonly directory: string
}

/** Licences that every Debian has the text of. */
const common: Readonly<Record<string, string>> = { 'Apache-2.0': 'Apache-2.0', 'MPL-2.0': 'MPL-2.0' }

interface Manifest {
  readonly name: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
}

/** Debian's machine-readable copyright file, of taskbeat and of all that comes with it. */
export function copyright(own: string, companions: readonly Companion[]): string {
  const stanzas = companions.map(({ place, directory }) => {
    const { name, license = 'unknown', author } = readManifest(directory)
    const text = license in common ? undefined : licenceOf(directory)
    const said = /^\s*Copyright (?:\(c\) |© )?(.*)$/im.exec(text ?? '')?.[1]
    const maker = typeof author === 'string' ? author : author?.name
    return stanza(place, said ?? maker ?? `the authors of ${name}`, license, text ?? whereToRead(license))
  })
  const [, holder = 'the taskbeat authors'] = /^Copyright (?:\(c\) )?(.*)$/m.exec(own) ?? []
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: taskbeat\n',
    stanza('*', holder, 'MIT', own),
    ...stanzas,
    stanza(
      'usr/lib/taskbeat/bin/node',
      'Node.js contributors, and the makers of what is built into it',
      'Node.js',
      'MIT, and those of the libraries in it: https://github.com/nodejs/node/blob/main/LICENSE has them all.',
    ),
  ].join('\n')
}

function whereToRead(license: string): string {
  const name = common[license]
  if (name) return `On Debian systems the text is /usr/share/common-licenses/${name}.`
  return `Its package.json says ${license}.`
}

function stanza(files: string, holder: string, license: string, text: string): string {
  const indented = text
    .trim()
    .split('\n')
    .map((line) => ` ${line.trim() === '' ? '.' : line.trimEnd()}`)
  return `Files: ${files}\nCopyright: ${holder}\nLicense: ${license}\n${indented.join('\n')}\n`
}

function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest
}

function licenceOf(directory: string): string | undefined {
  const name = readdirSync(directory).find((each) => /^licen[cs]e(\.|$)/i.test(each))
  const path = name && join(directory, name)
  return path && existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
