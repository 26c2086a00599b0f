/** What the compiler makes of calls: checked by `npm run lint`, never run. */
import { type App, connect, defineTask, type Run } from '../../src/index.ts'

const add = defineTask('add', (_ctx, x: number, y: number) => x + y)
const greet = defineTask(
  'greet',
  async (_ctx, greeting: string, { name }: { name: string }) => greeting + name,
)
const maybe = defineTask('maybe', (_ctx, { loud }: { loud?: boolean } = {}) => loud)
const nothing = defineTask('nothing', () => {})
const tasks = { add, greet, nothing, unrelated: 1 }

export async function typed(app: App): Promise<void> {
  const sum: Run<number> = await app.send(add, [4, 4], { countdown: '10s', priority: 5 })
  const eight: number = await sum.result()
  const said: Promise<string> = (await greet.delay('hi', { name: 'Ann' })).result()
  await app.send(greet, ['hi'], { kwargs: { name: 'Ann' } })
  await app.send(maybe)
  await app.send(maybe, [], { kwargs: { loud: true } })
  await app.send(nothing)
  await app.send('anything', [1, 'two'], { kwargs: { three: 3 } })
  const [first, second] = await app.sendBatch([
    { task: add, args: [1, 2] },
    { task: 'other', args: ['x'] },
  ])
  const three: number = await first.result()
  const unknown: unknown = await second.result()

  // @ts-expect-error an argument of another type
  await app.send(add, [4, '4'])
  // @ts-expect-error an argument too few
  await app.send(add, [4])
  // @ts-expect-error an argument too many
  await app.send(add, [4, 4, 4])
  // @ts-expect-error no arguments at all
  await app.send(add)
  // @ts-expect-error an option that is none
  await app.send(add, [4, 4], { contdown: '10s' })
  // @ts-expect-error a keyword that is none
  await app.send(greet, ['hi'], { kwargs: { nme: 'Ann' } })
  // @ts-expect-error positional and by name
  await app.send(greet, ['hi', { name: 'Ann' }], { kwargs: { name: 'Ann' } })
  // @ts-expect-error the result is a number
  const text: string = await sum.result()
  // @ts-expect-error an argument of another type
  await add.delay(4, '4')
  await app.sendBatch([
    { task: add, args: [1, 2] },
    // @ts-expect-error one call of a batch is wrong
    { task: add, args: ['x'] },
  ])
  void [eight, said, three, unknown, text]
}

/** With the type of the module that exports the tasks, their names stand for them. */
export async function byName(): Promise<void> {
  const app = await connect<typeof tasks>('sqlite:broker.db')
  const eight: number = await (await app.send('add', [4, 4])).result()
  const ended: number = await app.run<'add'>('some id').result()
  await app.send(greet, ['hi', { name: 'Ann' }])

  // @ts-expect-error a task that the module does not export
  await app.send('ad', [4, 4])
  // @ts-expect-error an argument of another type
  await app.send('add', [4, '4'])
  void [eight, ended]
}
