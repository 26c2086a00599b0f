import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BeatService } from '../../app/beat-service.ts'
import { type ConfigurationFile, findConfiguration, readConfiguration } from '../../app/configuration.ts'
import { createBeatMonitor, createWorkerMonitor } from '../../app/monitor.ts'
import { WorkerService } from '../../app/worker-service.ts'
import { describeError, TaskbeatError } from '../../core/errors.ts'
import { createLog } from '../../observe/log.ts'
import { narrate, type TaskbeatEvent } from '../../observe/narrate.ts'
import { announce } from '../announce.ts'
import type { AddCommand } from '../command.ts'
import { fixedOf } from '../needs-restart.ts'
import { createReloads, logWarnings } from '../reloading.ts'
import { type Run, runServices } from '../run-service.ts'
import { SourceWatch } from '../source-watch.ts'
import { isJournal, remark, type Terminal } from '../terminal.ts'
import { describeBeat, describeWorker, ServiceVitals } from '../vitals.ts'

interface Options {
  readonly config?: string
}

/** `taskbeat dev`: beat and worker in one process, for trying things out. */
export const addDev: AddCommand = (program, { terminal, run }) => {
  program
    .command('dev')
    .description('beat and worker in one process; reloads when the configuration or a task module changes')
    .option('-c, --config <file>', 'the configuration')
    .addHelpText(
      'after',
      '\nUnless the file says state_dir or broker.url, what it keeps is gone when it ends.',
    )
    .action(
      run(async (options: Options) => {
        using temporary = temporaryState()
        return await runServices((changed) => prepareDev(options, temporary.path, terminal, changed))
      }),
    )
}

async function prepareDev(
  options: Options,
  stateDir: string,
  terminal: Terminal,
  changed: () => void,
): Promise<Run> {
  const { host, stdout } = terminal
  const path = findConfiguration(options.config, 'dev', host, (text) => remark(terminal, text))
  const file: ConfigurationFile = { path, role: 'dev', stateDir }
  const configuration = await readConfiguration(file, host)
  const { settings } = configuration
  const log = createLog({ ...settings.log, stream: stdout, isJournal: isJournal(stdout, host) })
  announce(settings, log, { temporary: stateDir })
  logWarnings(configuration, log)
  const fixed = fixedOf(settings, { beat: true, worker: true })
  const emit = (told: TaskbeatEvent): void => {
    log.write(narrate(told))
    vitals.note(told)
  }
  const beatMonitor = await createBeatMonitor(settings, () => beat)
  const beat = new BeatService(settings, host, (told) => {
    emit(told)
    beatMonitor?.note(told)
  })
  const workerMonitor = await createWorkerMonitor(settings, () => worker)
  const worker = new WorkerService({
    settings,
    host,
    emit: (told) => {
      emit(told)
      workerMonitor?.note(told)
    },
    refresh: async () => {
      await reloads.ask('unknownTask')
    },
  })
  const vitals = new ServiceVitals({
    settings,
    describe: () => [describeBeat(beat), describeWorker(worker)],
    overdue: () => beat.overdue,
    changed,
  })
  const reloads = createReloads({
    file,
    host,
    log,
    fixed,
    hasNews: (changed) => worker.hasNews(changed),
    take: async (changed) => {
      sources.follow(changed) // first, so that one that cannot be used is looked at again when it has changed
      // The worker first: a task is known before its first occurrence comes.
      await worker.reload(changed)
      await beat.reload(changed)
    },
  })
  const reload = (): Promise<boolean> => reloads.ask('asked')
  const sources = new SourceWatch({
    changed: () => void reload(),
    failed: (directory, error) => {
      const message = `changes in ${directory} will not be noticed: ${describeError(error)}`
      log.write({ level: 'warn', message, fields: {} })
    },
  })
  return {
    services: [beatMonitor, workerMonitor, worker, beat].filter((service) => service !== undefined),
    log,
    hostsModules: true,
    threads: worker,
    vitals,
    reload,
    whileRunning: () => {
      sources.follow(settings)
      return sources
    },
  }
}

/** A directory for what is kept, removed at the end. */
function temporaryState(): Disposable & { readonly path: string } {
  const path = makeDirectory()
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

function makeDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'taskbeat-dev-'))
  } catch (error) {
    const why = `cannot make a temporary directory: ${tmpdir()}: ${describeError(error)}`
    throw new TaskbeatError('STATE_UNUSABLE', why, { cause: error })
  }
}
