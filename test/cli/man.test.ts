import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { describeProgram } from '../../src/cli/main.ts'
import { leaves } from '../../src/cli/man/command-pages.ts'
import { manPages } from '../../src/cli/man/man-pages.ts'
import { prose, roff } from '../../src/cli/man/roff.ts'
import { keyReference } from '../../src/config/key-reference.ts'
import { installMandoc, mandoc } from '../support/install-mandoc.ts'
import { requires } from '../support/requirements.ts'

const pages = manPages(describeProgram(), { version: '1.2.3', date: '2026-01-31' })

test('the manual is readable to the letter', async (context) => {
  const missing = await installMandoc()
  requires(context, missing === undefined, missing ?? '')
  for (const { file, text } of pages) {
    expect({ file, ...lint(text) }).toEqual({ file, status: 0, stdout: '' })
  }
  const [program = '', worker = '', keys = ''] = pages.map(({ text }) => read(text))
  for (const command of leaves(describeProgram())) {
    const help = command.createHelp()
    expect(program).toMatch(new RegExp(`\\n +(dead |service )?${command.name()} \\[options\\]`))
    for (const option of help.visibleOptions(command)) expect(program).toContain(`${option.flags}`)
  }
  expect(worker).toContain('-q, --queues <names>\n')
  for (const { path, keys: declared } of keyReference()) {
    expect(keys).toContain(path === '' ? 'THE FILE' : `THE KEYS OF ${path}`)
    for (const { name, doc } of declared) {
      expect(keys).toMatch(new RegExp(`\\n +${name}(\\n| )`))
      expect(flat(keys)).toContain(flat(doc.replaceAll('`', '')))
    }
  }
}, 300_000)

test('what roff would read otherwise stays what it is', () => {
  expect(roff("a\\b - 'c' `d` ~^\n.e\n'f")).toBe(
    'a\\eb \\- \\(aqc\\(aq \\(gad\\(ga \\(ti\\(ha\n\\&.e\n\\(aqf',
  )
  expect(prose('see `--help`, .netrc')).toBe('see \\fB\\-\\-help\\fR, .netrc')
  expect(prose(`${'word '.repeat(15)}and .netrc`)).toMatch(/\nand \.netrc$|\n\\&\.netrc$/)
})

function lint(text: string): { readonly status: number | null; readonly stdout: string } {
  const { status, stdout } = spawnSync(mandoc, ['-T', 'lint', '-W', 'warning'], {
    input: text,
    encoding: 'utf8',
  })
  return { status, stdout }
}

/** As a person reads it, on a wide terminal, without the strokes that make it bold. */
function read(text: string): string {
  const options = ['-T', 'utf8', '-O', 'width=200']
  const { stdout } = spawnSync(mandoc, options, { input: text, encoding: 'utf8' })
  return stdout
    .split('\b')
    .map((part, index, { length }) => (index < length - 1 ? part.slice(0, -1) : part))
    .join('')
}

/** Without the breaks of lines, which are the reader's. */
function flat(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
