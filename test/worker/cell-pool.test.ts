import { expect, onTestFinished, test } from 'vitest'
import type { Cell, CellListener } from '../../src/worker/cells/cell.ts'
import { CellPool, mostStuck } from '../../src/worker/cells/cell-pool.ts'
import { describeThrown } from '../../src/worker/executors/thrown.ts'
import type { WorkerEvent } from '../../src/worker/worker-event.ts'
import { EventLog } from '../support/event-log.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { aMessage } from '../support/messages.ts'

const listener = { logged: () => {}, printed: () => {} }

/** A pool of cells that nothing ends; `load` is what a cell does when it is to load its modules. */
function openPool(load: (cell: CellListener) => void) {
  const clock = new FakeClock()
  const log = new EventLog<WorkerEvent>()
  let isExhausted = false
  const open = (cell: CellListener): Cell => ({
    order: ({ kind }) => {
      if (kind === 'load') load(cell)
      else cell.report({ kind: 'strayed', thrown: describeThrown(new Error('too late')) })
    },
    kill: () => Promise.resolve(false),
  })
  const exhausted = (): void => {
    isExhausted = true
  }
  const pool = new CellPool({ isolation: 'thread', open, clock, emit: log.emit, exhausted })
  onTestFinished(() => pool.close())
  return { pool, clock, log, isExhausted: () => isExhausted, ends: new AbortController().signal }
}

test('a cell that is stuck after an error that nobody caught is counted, and with too many nothing goes on', async () => {
  const { pool, log, isExhausted, ends } = openPool((cell) =>
    cell.report({
      kind: 'loaded',
      listing: { files: [], imported: 0, tasks: [], problems: [], sources: [] },
    }),
  )
  for (let count = 1; count <= mostStuck; count++) {
    const cell = await pool.take(ends)
    if (typeof cell !== 'object') throw new Error(`there is none: ${cell}`)
    expect(await cell.run(aMessage(), listener)).toMatchObject({ kind: 'lost' })
    await log.first('cellStuck', ({ stuck }) => stuck === count)
  }
  expect(isExhausted()).toBe(true)
})

test('a cell that is stuck while it loads is counted', async () => {
  const { pool, clock, log, ends } = openPool(() => {})
  const taken = pool.take(ends)
  void clock.advance(60_000) // nobody sleeps after it
  expect(await taken).toMatch(/does not come to the end of its top level/)
  expect(log.of('cellStuck')).toMatchObject([{ stuck: 1 }])
  expect(pool.stuck).toBe(1)
})
