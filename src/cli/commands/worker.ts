import { InvalidArgumentError } from 'commander'
import { findConfiguration, readConfiguration } from '../../app/configuration.ts'
import { createWorkerMonitor } from '../../app/monitor.ts'
import { WorkerService } from '../../app/worker-service.ts'
import { queueNameProblem } from '../../config/queue-name.ts'
import type { Settings } from '../../config/settings.ts'
import { JournaldStreams } from '../../observe/journald-streams.ts'
import { createLog } from '../../observe/log.ts'
import { narrate } from '../../observe/narrate.ts'
import { openReadyFile } from '../../system/ready-file.ts'
import { announce } from '../announce.ts'
import type { AddCommand } from '../command.ts'
import { fixedOf } from '../needs-restart.ts'
import { createReloads, logWarnings } from '../reloading.ts'
import { type Run, runServices } from '../run-service.ts'
import { isJournal, remark, type Terminal } from '../terminal.ts'
import { describeWorker, ServiceVitals } from '../vitals.ts'

interface Options {
  readonly config?: string
  readonly queues?: readonly string[]
  readonly concurrency?: number
}

/** `taskbeat worker`: runs what is due, in the foreground. */
export const addWorker: AddCommand = (program, { terminal, run }) => {
  program
    .command('worker')
    .description('run what is due')
    .option('-c, --config <file>', 'the configuration')
    .option('-q, --queues <names>', 'serve these queues, separated by commas', parseQueues)
    .option('-n, --concurrency <count>', 'how many runs at once', parseCount)
    .addHelpText(
      'after',
      '\nSIGHUP reloads the configuration. SIGTERM and SIGINT stop: what runs gets its time (worker.grace), a second\n' +
        'signal means now.',
    )
    .action(run((options: Options) => runServices((changed) => prepareWorker(options, terminal, changed))))
}

async function prepareWorker(options: Options, terminal: Terminal, changed: () => void): Promise<Run> {
  const { host, stdout } = terminal
  const path = findConfiguration(options.config, 'worker', host, (text) => remark(terminal, text))
  const file = { path, role: 'worker', parts: { schedules: false, tasks: true } } as const
  const configuration = await readConfiguration(file, host)
  const taskStreams = isJournal(stdout, host) ? new JournaldStreams() : undefined
  const isRead = taskStreams !== undefined
  const log = createLog({ ...configuration.settings.log, stream: stdout, isJournal: isRead, taskStreams })
  announce(configuration.settings, log)
  logWarnings(configuration, log)
  const fixed = fixedOf(configuration.settings, { beat: false, worker: true })
  const reloads = createReloads({
    file,
    host,
    log,
    fixed,
    hasNews: (changed) => worker.hasNews(withOptions(changed, options)),
    take: (changed) => worker.reload(withOptions(changed, options)),
  })
  const monitor = await createWorkerMonitor(configuration.settings, () => worker)
  const worker = new WorkerService({
    settings: withOptions(configuration.settings, options),
    host,
    emit: (told) => {
      log.write(narrate(told))
      vitals.note(told)
      monitor?.note(told)
    },
    refresh: async () => {
      await reloads.ask('unknownTask')
    },
  })
  const vitals = new ServiceVitals({
    settings: configuration.settings,
    describe: () => [describeWorker(worker)],
    overdue: () => 0,
    changed,
  })
  return {
    // The last to stop has what tasks say last.
    services: [...(taskStreams ? [taskStreams] : []), ...(monitor ? [monitor] : []), worker],
    log,
    hostsModules: true,
    threads: worker,
    vitals,
    reload: () => reloads.ask('asked'),
    whileRunning: () => openReadyFile(host.env.TASKBEAT_READY_FILE),
  }
}

/** What the command line says comes before the file. */
function withOptions(settings: Settings, { queues, concurrency }: Options): Settings {
  const worker = {
    ...settings.worker,
    ...(queues ? { queues } : {}),
    ...(concurrency ? { concurrency } : {}),
  }
  return { ...settings, worker }
}

function parseQueues(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) throw new InvalidArgumentError('expected names separated by commas')
  const problem = names.map(queueNameProblem).find((each) => each !== undefined)
  if (problem !== undefined) throw new InvalidArgumentError(problem)
  return [...new Set(names)]
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('expected a whole number from 1')
  return count
}
