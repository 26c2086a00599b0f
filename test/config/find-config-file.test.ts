import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { findConfigFile, type Search } from '../../src/config/find-config-file.ts'

describe('the configuration is looked for in four places', () => {
  let directory = ''
  let search: Search
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'taskbeat-find-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    mkdirSync(join(directory, 'cwd'))
    const [cwd, system] = [join(directory, 'cwd'), join(directory, 'etc.yaml')]
    search = { env: {}, cwd, role: 'check', isRoot: false, system }
  })
  const put = (...names: string[]) => {
    for (const name of names) writeFileSync(join(directory, name), '')
  }

  it('--config goes before all, whether it is there or not', () => {
    put('cwd/schedules.yaml')
    const found = findConfigFile({ ...search, flag: 'x.yaml', env: { TASKBEAT_CONFIG: 'y.yaml' } })
    expect(found).toEqual({ path: 'x.yaml', how: 'flag' })
  })

  it('then $TASKBEAT_CONFIG, unless it is empty', () => {
    put('cwd/schedules.yaml')
    expect(findConfigFile({ ...search, env: { TASKBEAT_CONFIG: 'y.yaml' } })).toEqual({
      path: 'y.yaml',
      how: 'environment',
    })
    expect(findConfigFile({ ...search, env: { TASKBEAT_CONFIG: '' } })).toHaveProperty(
      'how',
      'workingDirectory',
    )
  })

  it('then the working directory', () => {
    put('cwd/schedules.yaml', 'etc.yaml')
    expect(findConfigFile(search)).toEqual({ path: 'schedules.yaml', how: 'workingDirectory' })
  })

  it('then the system’s', () => {
    put('etc.yaml')
    expect(findConfigFile(search)).toEqual({ path: join(directory, 'etc.yaml'), how: 'system' })
  })

  it('a beat or worker as root does not take what lies in its working directory', () => {
    put('cwd/schedules.yaml', 'etc.yaml')
    const asRoot = { ...search, isRoot: true }
    expect(findConfigFile({ ...asRoot, role: 'beat' })).toHaveProperty('how', 'system')
    expect(findConfigFile({ ...asRoot, role: 'worker' })).toHaveProperty('how', 'system')
    expect(findConfigFile({ ...asRoot, role: 'dev' })).toHaveProperty('how', 'workingDirectory')
  })

  it('when there is none, all places are named', () => {
    expect(findConfigFile(search)).toHaveProperty(
      'message',
      `no configuration found: --config is not given, $TASKBEAT_CONFIG is not set, ./schedules.yaml does not exist, ${join(directory, 'etc.yaml')} does not exist`,
    )
    put('cwd/schedules.yaml')
    expect(findConfigFile({ ...search, role: 'beat', isRoot: true })).toHaveProperty(
      'message',
      expect.stringContaining('./schedules.yaml is not taken as root'),
    )
  })
})
