import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadSettings } from '../../src/config/load-settings.ts'
import { usable } from './read-text.ts'

const example = join(import.meta.dirname, '../../schedules.example.yaml')

it.each(['UTC', 'America/Chicago'])(
  'the example has no problems and nothing suspicious in %s',
  async (machineZone) => {
    const loaded = usable(await loadSettings(example, { role: 'check', env: {}, machineZone }))
    const gaps = loaded.warnings.filter(({ message }) => message.includes('does not exist on'))
    expect(loaded.warnings).toEqual(machineZone === 'UTC' ? [] : gaps)
  },
)
