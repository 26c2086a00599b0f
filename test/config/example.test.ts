import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadSettings } from '../../src/config/load-settings.ts'
import { usable } from './read-text.ts'

const example = join(import.meta.dirname, '../../schedules.example.yaml')

it.each(['UTC', 'America/Chicago', 'Europe/Berlin'])(
  'the example has nothing wrong or suspicious in %s',
  async (machineZone) => {
    const { warnings } = usable(await loadSettings(example, { role: 'check', env: {}, machineZone }))
    expect(warnings).toEqual([])
  },
)
