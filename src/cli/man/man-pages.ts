/**
 * The manual: taskbeat(1), taskworker(8) and schedules.yaml(5), in man(7), made when the program is built.
 *
 * What they say of commands and keys is what the program itself declares, for `--help` and for `taskbeat reference`; a
 * command or a key that is added is in the manual, or the build has failed.
 */
import type { Command } from 'commander'
import { type KeyDescription, keyReference } from '../../config/key-reference.ts'
import { TaskbeatError } from '../../core/errors.ts'
import { commandSections, detailsOf } from './command-pages.ts'
import { bold, item, prose, section, verbatim } from './roff.ts'

export interface ManPage {
  /** `taskbeat.1` */
  readonly file: string
  readonly text: string
}

export interface Edition {
  readonly version: string
  /** `2026-01-31` */
  readonly date: string
}

export function manPages(program: Command, edition: Edition): readonly ManPage[] {
  return [
    page('taskbeat', 1, 'User Commands', edition, programPage(program)),
    page('taskworker', 8, 'System Administration', edition, workerPage(program)),
    page('schedules.yaml', 5, 'File Formats', edition, keysPage()),
  ]
}

function page(
  name: string,
  chapter: number,
  title: string,
  { version, date }: Edition,
  sections: readonly string[],
): ManPage {
  const heading = `.TH ${name.toUpperCase()} ${chapter} ${date} "taskbeat ${version}" "${title}"`
  return { file: `${name}.${chapter}`, text: `${[heading, ...sections].join('\n')}\n` }
}

function programPage(program: Command): readonly string[] {
  return [
    section('NAME', 'taskbeat \\- run work on time'),
    section('SYNOPSIS', `${bold('taskbeat')} \\fIcommand\\fR [\\fIoptions\\fR]`),
    section(
      'DESCRIPTION',
      prose(`\`taskbeat beat\` emits what a file says is due, and \`taskbeat worker\` runs it; both are services. The other
        commands look at the file and at what ran, and send work. The file is described in schedules.yaml(5).`),
    ),
    commandSections(program),
    exitStatus,
    section(
      'ENVIRONMENT',
      item(bold('TASKBEAT_CONFIG'), prose('The configuration, where `--config` does not name it.')),
      item(bold('TASKBEAT_BROKER_URL'), prose('The broker, whatever the configuration says.')),
      item(bold('NO_COLOR'), prose('Nothing is coloured.')),
    ),
    files,
    section('SEE ALSO', seeAlso('taskworker(8)', 'schedules.yaml(5)', 'systemctl(1)', 'journalctl(1)')),
  ]
}

function workerPage(program: Command): readonly string[] {
  const worker = program.commands.find((command) => command.name() === 'worker')
  if (!worker) throw new TaskbeatError('NOT_FOUND', 'the program has no command worker')
  return [
    section('NAME', 'taskworker \\- run what is due'),
    section('SYNOPSIS', `${bold('taskworker')} [\\fIoptions\\fR]`),
    section(
      'DESCRIPTION',
      prose(`\`taskworker\` is \`taskbeat worker\`: it takes from the broker what \`taskbeat beat\` has emitted and what
        applications have sent, and runs it when it is due. The configuration says what tasks there are, see
        schedules.yaml(5).`),
      prose(`As a service it is taskworker.service, or /etc/init.d/taskworker where there is no systemd;
        \`taskworker@NAME.service\` serves the queue of that name alone. Its log is that of its unit: \`journalctl -u
        taskworker\`. What ran, \`taskbeat runs\` tells.`),
    ),
    section('OPTIONS', ...detailsOf(worker)),
    exitStatus,
    section(
      'ENVIRONMENT',
      item(
        bold('TASKBEAT_DEFAULT_USER'),
        prose(
          'Of a worker that runs as root: the user that runs the commands whose tasks name none. Default: root.',
        ),
      ),
      item(
        bold('TASKBEAT_CGROUP_PER_RUN'),
        prose(`\`yes\` where the cgroup of the worker is delegated to it, as the unit's is: each run of a command then has a
          cgroup of its own, and what it leaves there is killed. Otherwise what it leaves in its process group.`),
      ),
    ),
    files,
    section('SEE ALSO', seeAlso('taskbeat(1)', 'schedules.yaml(5)', 'systemctl(1)')),
  ]
}

function keysPage(): readonly string[] {
  return [
    section('NAME', 'schedules.yaml \\- what is due when, and what it runs'),
    section(
      'DESCRIPTION',
      prose(`The configuration of taskbeat(1) and taskworker(8), in YAML 1.2. It is the file that \`--config\` or
        $TASKBEAT_CONFIG names, ./schedules.yaml, or /etc/taskbeat/schedules.yaml. \`taskbeat check\` tells every mistake
        with its place, \`taskbeat next\` what is due, and \`taskbeat reference --schema\` makes a JSON Schema for editors.`),
    ),
    section('EXAMPLE', verbatim(example)),
    ...keyReference().map(({ path, about, keys }) =>
      section(path === '' ? 'THE FILE' : `THE KEYS OF ${path}`, prose(about), ...keys.map(keyItem)),
    ),
    section('SEE ALSO', seeAlso('taskbeat(1)', 'taskworker(8)')),
  ]
}

function keyItem({ name, expected, doc, default: standard }: KeyDescription): string {
  const otherwise = standard === undefined ? '' : ` Default: ${standard}.`
  return item(bold(name), prose(doc), prose(`Expects ${expected}.${otherwise}`))
}

function seeAlso(...pages: readonly string[]): string {
  return pages
    .map((each) => each.replace(/^(.*)(\(\d\))$/, (_, name, chapter) => bold(name) + chapter))
    .join(', ')
}

const exitStatus = section(
  'EXIT STATUS',
  item(bold('0'), prose('It is done.')),
  item(bold('1'), prose('It has failed.')),
  item(bold('2'), prose('It was called wrongly, or with the name of what does not exist.')),
  item(bold('78'), prose('The configuration is to blame.')),
)

const files = section(
  'FILES',
  item(bold('/etc/taskbeat/schedules.yaml'), prose('What is due when: the configuration of the services.')),
  item(
    bold('/etc/taskbeat/credentials/broker-password'),
    prose('The password for the broker, where its URL has none.'),
  ),
  item(bold('/etc/default/taskbeat, /etc/default/taskworker'), prose('The environment of the services.')),
  item(
    bold('/var/lib/taskbeat'),
    prose(
      'The queue, and the journal of what ran. Members of the group `taskbeat` may send tasks and read it.',
    ),
  ),
)

const example = `timezone: Europe/Berlin
schedules:
  etc-backup: { cron: "0 2 * * *", command: [/usr/local/bin/backup, --full], timeout: 3h, retry: 2 }
  mail-flush: { every: 10s, task: mail.flush, missed: skip }
tasks:
  mail.flush: { command: [/usr/local/bin/flush], timeout: 8s }`
