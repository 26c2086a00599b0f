/**
 * A package of Debian: the program, the Node it runs on, the units, the init scripts and the manual. It needs nothing
 * but dpkg-deb, and is built of what `npm run build` has made and `npm ci` has installed.
 *
 * What belongs to the administrator is a conffile, which dpkg never overwrites, but for schedules.yaml, which the
 * package makes when it is first installed: it says the machine's zone.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Companion, copyright } from './copyright.ts'

export interface Build {
  /** Of the package; default that of package.json. */
  readonly version?: string
  /** Where the file is put. */
  readonly directory: string
  /** Sooner done, and larger. */
  readonly isQuick?: boolean
  /** The Node that comes along; default the one that builds. */
  readonly node?: string
}

const root = join(import.meta.dirname, '../..')
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Builds it, and gives the path of the file. */
export function buildDeb({
  directory,
  isQuick = false,
  version = ownVersion(),
  node = process.execPath,
}: Build): string {
  const architecture = architectures[process.arch] ?? process.arch
  const stage = mkdtempSync(join(tmpdir(), 'taskbeat-deb-'))
  try {
    fill(stage, version, node)
    control(stage, version, architecture)
    const deb = join(directory, `taskbeat_${version}_${architecture}.deb`)
    mkdirSync(directory, { recursive: true })
    const compression = isQuick ? ['-Znone'] : ['-Zxz']
    execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', stage, deb], { stdio: 'pipe' })
    return deb
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

function fill(stage: string, version: string, node: string): void {
  const home = 'usr/lib/taskbeat'
  const put = (path: string, text: string | Buffer, mode = 0o644): void => {
    const target = join(stage, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
    chmodSync(target, mode)
  }
  const copy = (from: string, to: string, mode = 0o644): void => put(to, readFileSync(join(root, from)), mode)

  copyTree(join(root, 'dist'), join(stage, home, 'dist'))
  for (const { place, directory } of companions()) copyTree(directory, join(stage, place))
  copy('package.json', `${home}/package.json`)
  copy('init/sysv/service.sh', `${home}/init/sysv/service.sh`)
  mkdirSync(join(stage, home, 'bin'))
  linkOrCopy(realpathSync(node), join(stage, home, 'bin/node'))
  for (const [name, script] of [
    ['taskbeat', 'bin.js'],
    ['taskworker', 'bin-taskworker.js'],
  ] as const) {
    const [, ...lines] = readFileSync(join(root, 'dist/cli', script), 'utf8').split('\n')
    put(`${home}/dist/cli/${script}`, lines.join('\n')) // without the interpreter of npm's
    put(`usr/bin/${name}`, `#!/bin/sh\nexec /${home}/bin/node /${home}/dist/cli/${script} "$@"\n`, 0o755)
    copy(`init/sysv/${name}`, `etc/init.d/${name}`, 0o755)
    copy(`init/sysv/${name}.default`, `etc/default/${name}`)
  }
  copy('init/sysv/taskbeat.logrotate', 'etc/logrotate.d/taskbeat')
  for (const unit of globSync('*.service', { cwd: join(root, 'init/systemd') }))
    copy(`init/systemd/${unit}`, `usr/lib/systemd/system/${unit}`)
  for (const name of globSync('*', { cwd: join(root, 'dist/man') }))
    put(`usr/share/man/man${name.at(-1)}/${name}.gz`, packed(readFileSync(join(root, 'dist/man', name))))

  const doc = 'usr/share/doc/taskbeat'
  put(`${doc}/changelog.gz`, packed(Buffer.from(changelog(version))))
  put(`${doc}/NEWS.gz`, packed(readFileSync(join(root, 'CHANGELOG.md'))))
  put(`${doc}/copyright`, copyright(readFileSync(join(root, 'LICENSE'), 'utf8'), companions()))
  for (const name of globSync('*.conf', { cwd: join(root, 'init/systemd/drop-ins') }))
    copy(`init/systemd/drop-ins/${name}`, `${doc}/examples/${name}`)
  copy('schedules.example.yaml', `${doc}/examples/schedules.yaml`)
  copy('packaging/deb/lintian-overrides', 'usr/share/lintian/overrides/taskbeat')
  for (const path of globSync('**', { cwd: stage, withFileTypes: true }))
    if (path.isDirectory()) chmodSync(join(path.parentPath, path.name), 0o755)
}

function control(stage: string, version: string, architecture: string): void {
  const files = globSync('**', { cwd: stage, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(stage.length + 1))
    .toSorted()
  const bytes = files.reduce((sum, path) => sum + statSync(join(stage, path)).size, 0)
  const put = (name: string, text: string | Buffer, mode = 0o644): void => {
    mkdirSync(join(stage, 'DEBIAN'), { recursive: true })
    writeFileSync(join(stage, 'DEBIAN', name), text)
    chmodSync(join(stage, 'DEBIAN', name), mode)
  }
  put(
    'control',
    `Package: taskbeat
Version: ${version}
Section: admin
Priority: optional
Architecture: ${architecture}
Maintainer: ${maintainer()}
Installed-Size: ${Math.ceil(bytes / 1_024)}
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 10), init-system-helpers (>= 1.54~), passwd
Suggests: logrotate, rabbitmq-server
Description: periodic scheduler and executor of tasks
 One YAML file says what is due when: taskbeat emits it, on time, and
 taskworker runs it. What was missed, failed or skipped is recorded, with the
 reason. On one machine that is all there is; on many it runs on RabbitMQ.
 .
 This package brings the Node.js along that it runs on.
`,
  )
  put(
    'conffiles',
    files
      .filter((path) => path.startsWith('etc/'))
      .map((path) => `/${path}\n`)
      .join(''),
  )
  const sum = (path: string): string =>
    createHash('md5')
      .update(readFileSync(join(stage, path)))
      .digest('hex')
  put(
    'md5sums',
    files
      .filter((path) => !path.startsWith('etc/'))
      .map((path) => `${sum(path)}  ${path}\n`)
      .join(''),
  )
  for (const name of ['postinst', 'prerm', 'postrm'])
    put(name, readFileSync(join(import.meta.dirname, name)), 0o755)
}

/** The packages that the program imports, as the lock file has them. */
function companions(): readonly Companion[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: true }>>
  }
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path]) => ({ place: `usr/lib/taskbeat/${path}`, directory: join(root, path) }))
}

/** What runs, and what types say of it: no sources, no tests, no notes of makers. */
function copyTree(from: string, to: string): void {
  const unwanted =
    /^\/(node_modules|tests?|benchmarks?|examples?|docs?|browser|man|deb.*|bin\.m?js|LICEN[CS]E.*|\..*)$|\.(map|md|markdown|yml|html|sh)$|\/bin[^/]*\.d\.ts$/i
  cpSync(from, to, {
    recursive: true,
    filter: (source) => !unwanted.test(source.slice(from.length)),
  })
  for (const entry of globSync('**', { cwd: to, withFileTypes: true }))
    if (entry.isFile()) chmodSync(join(entry.parentPath, entry.name), 0o644)
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    copyFileSync(from, to) // another disk
    chmodSync(to, 0o755)
  }
}

function packed(text: Buffer): Buffer {
  return gzipSync(text, { level: 9 })
}

function changelog(version: string): string {
  const date = new Date().toUTCString().replace('GMT', '+0000')
  return `taskbeat (${version}) unstable; urgency=medium\n\n  * See NEWS.gz.\n\n -- ${maintainer()}  ${date}\n`
}

/** As Debian's tools have it. */
function maintainer(): string {
  const { DEBFULLNAME: name = 'taskbeat maintainers', DEBEMAIL: address = 'taskbeat@example.org' } =
    process.env
  return `${name} <${address}>`
}

function ownVersion(): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string })
    .version
}

if (import.meta.main) {
  const deb = buildDeb({ directory: join(root, 'dist/deb') })
  process.stdout.write(`${basename(deb)} is in ${dirname(deb)}\n`)
}
