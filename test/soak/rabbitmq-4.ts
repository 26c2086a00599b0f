/** All tests that need a RabbitMQ, with that of Debian 13 (4.0) instead of this machine's. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { askIn, makeDebian13 } from './debian-13.ts'
import { type Passed, runTests } from './run-tests.ts'

/** Gives the version. Rejects when the system cannot be made, which needs root, or when a test failed. */
export async function holdOnRabbitmq4(): Promise<Passed & { readonly rabbitmq: string }> {
  using debian = await makeDebian13('rabbitmq-server')
  const passed = await runTests(filesWithRabbitmq(), { TASKBEAT_TEST_RABBITMQ_ROOT: debian.root })
  const rabbitmq = askIn(debian, 'dpkg-query', '--show', 'rabbitmq-server')
  return { rabbitmq: rabbitmq.split(/\s/)[1] ?? '', ...passed }
}

/** They all start one themselves, or share that of the run. */
function filesWithRabbitmq(): readonly string[] {
  const root = join(import.meta.dirname, '../..')
  return globSync('test/**/*.test.ts', { cwd: root }).filter((file) =>
    /\/support\/rabbitmq(-node)?\.ts'/.test(readFileSync(join(root, file), 'utf8')),
  )
}
