import { BeatService } from '../../app/beat-service.ts'
import { findConfiguration, readConfiguration } from '../../app/configuration.ts'
import { createBeatMonitor } from '../../app/monitor.ts'
import { createLog } from '../../observe/log.ts'
import { narrate } from '../../observe/narrate.ts'
import { openReadyFile } from '../../system/ready-file.ts'
import { announce } from '../announce.ts'
import type { AddCommand } from '../command.ts'
import { fixedOf } from '../needs-restart.ts'
import { createReloads, logWarnings } from '../reloading.ts'
import { type Run, runServices } from '../run-service.ts'
import { isJournal, remark, type Terminal } from '../terminal.ts'
import { describeBeat, ServiceVitals } from '../vitals.ts'

/** `taskbeat beat`: emits what the schedule says, in the foreground. */
export const addBeat: AddCommand = (program, { terminal, run }) => {
  program
    .command('beat')
    .description('emit each occurrence of the schedule to the broker, a little ahead of its time')
    .option('-c, --config <file>', 'the configuration')
    .addHelpText('after', '\nSIGHUP reloads the configuration, SIGTERM and SIGINT stop.')
    .action(
      run((options: { readonly config?: string }) =>
        runServices((changed) => prepareBeat(options, terminal, changed)),
      ),
    )
}

async function prepareBeat(
  options: { readonly config?: string },
  terminal: Terminal,
  changed: () => void,
): Promise<Run> {
  const { host, stdout } = terminal
  const path = findConfiguration(options.config, 'beat', host, (text) => remark(terminal, text))
  const file = { path, role: 'beat', parts: { schedules: true, tasks: false } } as const
  const configuration = await readConfiguration(file, host)
  const { settings } = configuration
  const log = createLog({ ...settings.log, stream: stdout, isJournal: isJournal(stdout, host) })
  announce(settings, log)
  logWarnings(configuration, log)
  const fixed = fixedOf(settings, { beat: true, worker: false })
  const monitor = await createBeatMonitor(settings, () => beat)
  const beat = new BeatService(settings, host, (told) => {
    log.write(narrate(told))
    vitals.note(told)
    monitor?.note(told)
  })
  const vitals = new ServiceVitals({
    settings,
    describe: () => [describeBeat(beat)],
    overdue: () => beat.overdue,
    changed,
  })
  const reloads = createReloads({ file, host, log, fixed, take: (changed) => beat.reload(changed) })
  return {
    services: [...(monitor ? [monitor] : []), beat],
    log,
    hostsModules: false,
    vitals,
    reload: () => reloads.ask('asked'),
    whileRunning: () => openReadyFile(host.env.TASKBEAT_READY_FILE),
  }
}
