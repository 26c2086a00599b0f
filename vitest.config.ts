import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { SecondTries } from './test/support/second-tries.ts'

/** Tests that judge time. `npm test` runs them first and by themselves: no other test, and no RabbitMQ, is there then. */
const timing = filesOf('idle', 'leaders', 'limits', 'punctuality', 'scale')

/** The same on RabbitMQ. A run's first of these starts it, so they come after the others. */
const timingOnRabbitmq = filesOf('etas', 'rabbitmq-leaders', 'rabbitmq-punctuality')

function filesOf(...names: readonly string[]): string[] {
  return names.map((name) => `test/system/${name}.test.ts`)
}

const config: ViteUserConfig = defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // Real processes on a machine that others want too: a test that fails is tried once more, and named at the end.
    retry: 1,
    reporters: ['default', new SecondTries()],
    // Most of them wait most of the time. What judges how late tasks are runs by itself.
    maxWorkers: 4,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/system/**'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          exclude: [...timing, ...timingOnRabbitmq],
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: { name: 'timing', include: timing, fileParallelism: false, sequence: { groupOrder: 3 } },
      },
      {
        extends: true,
        test: {
          name: 'timing-rabbitmq',
          include: timingOnRabbitmq,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})

export default config
