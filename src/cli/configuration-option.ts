import { type Configuration, findConfiguration, readConfiguration } from '../app/configuration.ts'
import type { Role } from '../config/reading.ts'
import { remark, type Terminal } from './terminal.ts'

/** The option of every command that reads the configuration. */
export const configurationOption = [
  '-c, --config <file>',
  'the configuration (default: $TASKBEAT_CONFIG, ./schedules.yaml or /etc/taskbeat/schedules.yaml)',
] as const

export interface ConfigurationOption {
  readonly config?: string
}

/** Finds and reads the file. Throws CONFIG_INVALID with every problem, rendered. */
export function readConfigurationOf(
  terminal: Terminal,
  { config }: ConfigurationOption,
  role: Role,
): Promise<Configuration> {
  const { host } = terminal
  const path = findConfiguration(config, role, host, (text) => remark(terminal, text))
  return readConfiguration({ path, role }, host)
}
