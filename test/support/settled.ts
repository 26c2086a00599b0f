import { eventually } from './eventually.ts'
import type { World } from './world.ts'

/** Resolves once everything that was due by `through` has been emitted and has ended. The beat has to have reason to emit on. */
export async function settled(world: World, through: number): Promise<void> {
  const count = (sql: string): number => Number(world.query<{ n: number }>('broker', sql, through)[0]?.n)
  await eventually(
    'everything due is emitted',
    () => count('SELECT count(*) AS n FROM groups WHERE cursor_due >= ?') === 1,
    { withinMs: 60_000, everyMs: 100 },
  )
  await eventually(
    'everything due has ended',
    () => count('SELECT count(*) AS n FROM messages WHERE due <= ?') === 0,
    { withinMs: 120_000, everyMs: 100 },
  )
}
