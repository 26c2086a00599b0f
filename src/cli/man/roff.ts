/**
 * Text for man(7). What is typed keeps its characters: in plain roff a hyphen is a dash, a quote curls, and a dot that
 * begins a line is a command.
 */
export function roff(text: string): string {
  return inLine(text).replaceAll(/^[.']/gm, '\\&$&')
}

const special: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
}

function inLine(text: string): string {
  return text.replaceAll(/[\\\-'`^~"]/g, (character) => special[character] ?? character)
}

export function bold(text: string): string {
  return `\\fB${inLine(text)}\\fR`
}

/**
 * A sentence or more, with what stands between backticks in bold, broken into
 * lines that a reader of the source can read.
 */
export function prose(text: string): string {
  const words = text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? bold(part) : inLine(part)))
    .join('')
    .split(/\s+/)
    .filter((word) => word !== '')
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 78) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line) => line.replace(/^[.']/, '\\&$&')).join('\n')
}

/** Lines that are kept as they are: examples. */
export function verbatim(text: string): string {
  return `.nf\n${roff(text)}\n.fi`
}

/** A term, and below it, indented, what it means. */
export function item(term: string, ...texts: readonly string[]): string {
  return ['.TP', term, ...texts.flatMap((text, index) => (index === 0 ? [text] : ['.br', text]))].join('\n')
}

export function section(title: string, ...paragraphs: readonly string[]): string {
  return [`.SH ${inLine(title)}`, ...spaced(paragraphs)].join('\n')
}

export function subsection(title: string, ...paragraphs: readonly string[]): string {
  return [`.SS ${inLine(title)}`, ...spaced(paragraphs)].join('\n')
}

/** Items bring their own distance; the first paragraph has that of its title. */
function spaced(paragraphs: readonly string[]): readonly string[] {
  return paragraphs
    .filter((text) => text !== '')
    .flatMap((text, index) => (index === 0 || text.startsWith('.TP') ? [text] : ['.PP', text]))
}
