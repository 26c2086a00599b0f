import { expect, test } from 'vitest'
import { queueNameProblem } from '../../src/config/queue-name.ts'
import { milliseconds } from '../../src/core/instant.ts'
import type { TaskOptions } from '../../src/task/define-task.ts'
import { createRegistry as create } from '../../src/worker/registry.ts'
import { aScript, taskDefaults as defaults } from '../support/tasks.ts'

const createRegistry = (sources: Omit<Parameters<typeof create>[0], 'queueProblem'>) =>
  create({ ...sources, queueProblem: queueNameProblem })
const moduleAction = { kind: 'module' } as const

function moduleTask(name: string, timeout?: string) {
  return { name, file: '/tasks.ts', options: timeout === undefined ? {} : { timeout } }
}

test('a task of a module that the configuration does not mention has the defaults', () => {
  const { registry } = createRegistry({ definitions: [], modules: [moduleTask('mail')], defaults })
  expect(registry.get('mail')?.definition).toEqual({ ...defaults, name: 'mail', action: moduleAction })
})

test('a task’s timeout in the configuration goes before that of the module, and that before the defaults', () => {
  const own = { timeout: milliseconds(1_000), own: ['timeout'] as const }
  const definition = { ...defaults, name: 'mail', action: moduleAction, ...own }
  const modules = [moduleTask('mail', '5s'), moduleTask('other', '5s')]
  const minutes = { ...defaults, timeout: milliseconds(60_000) }
  const { registry } = createRegistry({ definitions: [definition], modules, defaults: minutes })
  expect(registry.get('mail')?.definition.timeout).toBe(1_000)
  expect(registry.get('other')?.definition.timeout).toBe(5_000)
})

test('options for a task that no module exports define no task', () => {
  const definition = { ...defaults, name: 'mail', action: moduleAction }
  expect(createRegistry({ definitions: [definition], modules: [], defaults }).registry.size).toBe(0)
})

test('a command and a task of a module cannot share a name', () => {
  const { definition } = aScript('true')
  const { registry, problems } = createRegistry({
    definitions: [definition],
    modules: [moduleTask('demo')],
    defaults,
  })
  expect(registry.get('demo')?.definition).toBe(definition)
  expect(problems).toEqual([
    { file: '/tasks.ts', reason: 'task demo is a command of the configuration already' },
  ])
})

test('what a module says of its task goes before the defaults, and what the configuration says by name before both', () => {
  const modules = [{ ...moduleTask('mail'), options: { rate: '10/m', concurrency: 2, journal: false } }]
  const busy = { ...defaults, concurrency: 5, journal: false as const }
  const rate = { count: 10, per: milliseconds(60_000) }
  const ofModule = createRegistry({ definitions: [], modules, defaults: busy }).registry.get('mail')
  expect(ofModule?.definition).toMatchObject({ rate, concurrency: 2, journal: false })
  const definition = {
    ...defaults,
    name: 'mail',
    action: moduleAction,
    own: ['concurrency', 'journal'] as const,
    concurrency: 3,
  }
  const merged = createRegistry({ definitions: [definition], modules, defaults: busy }).registry.get('mail')
  expect(merged?.definition).toMatchObject({ rate, concurrency: 3 })
  expect(merged?.definition).not.toHaveProperty('journal')
})

test.each([
  [{ timeout: '5' }, 'timeout of task mail: a number needs a unit'],
  [{ rate: '10' }, 'rate of task mail: in what time? write 10/s'],
  [{ rate: '10/y' }, 'rate of task mail: a rate is per s, m, h or d'],
  [{ rate: 'often' }, 'rate of task mail: expected 10/m, 5/s or 100/h, got often'],
  [{ isolation: 'fork' }, 'isolation of task mail: expected inline or thread or process, got fork'],
  [{ queue: 'taskbeat.dead' }, 'queue of task mail: expected a queue that taskbeat does not make itself'],
  [{ queue: '' }, 'queue of task mail: expected'],
  [{ queue: 5 }, 'queue of task mail: expected a name, got 5'],
  [{ concurrency: 0 }, 'concurrency of task mail: expected a whole number from 1, got 0'],
])('an option that is none is a problem that names the task: %j', (options, reason) => {
  const modules = [{ ...moduleTask('mail'), options: options as TaskOptions }]
  const { registry, problems } = createRegistry({ definitions: [], modules, defaults })
  expect(registry.size).toBe(0)
  expect(problems[0]?.reason).toContain(reason)
})

test.each(['__proto__', 'constructor', 'toString', ''])('%j is no task unless it is defined', (name) => {
  expect(createRegistry({ definitions: [], modules: [], defaults }).registry.get(name)).toBeUndefined()
})
