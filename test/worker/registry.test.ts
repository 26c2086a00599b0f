import { expect, test } from 'vitest'
import { queueNameProblem } from '../../src/config/queue-name.ts'
import { milliseconds } from '../../src/core/instant.ts'
import type { TaskOptions } from '../../src/task/define-task.ts'
import { defaultBackoff, noRetry } from '../../src/task/retry-policy.ts'
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
  [
    { timeout: '5' },
    'timeout of task mail: expected a duration such as 10s or 1h30m, got 5; a number needs a unit',
  ],
  [
    { softTimeout: 'abc' },
    'softTimeout of task mail: expected a duration such as 10s or 1h30m, got abc; write',
  ],
  [{ time_out: '5s' }, 'time_out of task mail: unknown option; did you mean timeout?'],
  [{ on_failure: 'x' }, 'on_failure of task mail: unknown option; did you mean onFailure?'],
  [{ ttl: '5s' }, 'ttl of task mail: unknown option; there are timeout, '],
  [{ constructor: 1 }, 'constructor of task mail: unknown option'],
  [
    { killAfter: '5s' },
    'killAfter of task mail: the configuration says it: write kill_after under tasks.mail',
  ],
  [
    { retry: '5' },
    'retry of task mail: expected a whole number from 0 to 1000, or an object with max, got 5',
  ],
  [{ retry: 5.5 }, 'retry of task mail: expected a whole number from 0 to 1000'],
  [{ retry: {} }, 'retry of task mail: max: expected a whole number from 0 to 1000, got undefined'],
  [{ retry: { max: 5, delay: 1 } }, 'retry of task mail: delay: expected a duration'],
  [{ retry: { max: 5, factor: 0 } }, 'retry of task mail: factor: expected a number from 1 to 100, got 0'],
  [{ retry: { max: 5, jitter: 'some' } }, 'retry of task mail: jitter: expected full or none, got some'],
  [
    { retry: { max: 5, max_delay: '1m' } },
    'retry of task mail: max_delay: unknown option; did you mean maxDelay?',
  ],
  [{ retry: 1, delivery: 'at_most_once' }, 'retry of task mail: of no use with delivery: at_most_once'],
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

test.each([
  [5, { max: 5, backoff: defaultBackoff }],
  [
    { max: 3, delay: '1s', factor: 1, maxDelay: '2s', jitter: 'none' },
    { max: 3, backoff: { firstMs: 1_000, factor: 1, longestMs: 2_000, jitter: 'none' } },
  ],
] as const)(
  'a module says how often its task is tried again, unless the configuration does: %j',
  (retry, policy) => {
    const modules = [{ ...moduleTask('mail'), options: { retry } }]
    const { registry } = createRegistry({ definitions: [], modules, defaults })
    expect(registry.get('mail')?.definition.retry).toEqual(policy)
    const definition = { ...defaults, name: 'mail', action: moduleAction, own: ['retry'] as const }
    const owned = createRegistry({ definitions: [definition], modules, defaults }).registry.get('mail')
    expect(owned?.definition.retry).toEqual(noRetry)
  },
)

test.each(['__proto__', 'constructor', 'toString', ''])('%j is no task unless it is defined', (name) => {
  expect(createRegistry({ definitions: [], modules: [], defaults }).registry.get(name)).toBeUndefined()
})
