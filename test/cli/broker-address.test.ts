import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { expectTook } from '../support/expect-took.ts'
import { useRabbitmq } from '../support/rabbitmq.ts'
import { freePort } from '../support/rabbitmq-control.ts'
import { openCliWorld } from './cli-world.ts'

const rabbitmq = useRabbitmq()
const commands = [['status'], ['send', 'e'], ['trigger', 'e'], ['cancel', 'x'], ['dead', 'list']] as const
const giveUpMs = 5_000

/** What each command that asks the broker says, when it has given up. */
async function complaints(url: string): Promise<string[]> {
  const { run } = openCliWorld(
    `broker: { url: "${url}" }\nschedules: { e: { every: 1h, shell: x, timeout: 1m } }\n`,
  )
  const begun = performance.now()
  const results = await Promise.all(commands.map((command) => run(...command)))
  expectTook(performance.now() - begun, giveUpMs + 3_000)
  expect(results.map(({ code, stdout }) => [code, stdout])).toEqual(commands.map(() => [1, '']))
  return results.map(({ stderr }) => stderr)
}

test.each<[string, () => Promise<string>, RegExp]>([
  ['that nobody listens at', async () => `amqp://127.0.0.1:${await freePort()}`, /refuses connections/],
  ['whose name leads nowhere', async () => 'amqp://no-such-host.invalid', /no address is known for the name/],
  [
    'with a wrong password',
    async () => (await rabbitmq.url()).replace(':guest@', ':wrong@'),
    /does not accept the user guest/,
  ],
  [
    'with a vhost that is not there',
    async () => (await rabbitmq.url()).replace(/[^/]+$/, 'gone'),
    /not into the vhost gone: .*not found/,
  ],
  [
    'that does not speak TLS',
    async () => (await rabbitmq.url()).replace('amqp:', 'amqps:'),
    /does not speak TLS/,
  ],
  ['that says nothing', async () => `amqp://127.0.0.1:${await mutePort()}`, /did not answer in time/],
])('at an address %s every command says so, and gives up after five seconds', async (_, url, why) => {
  for (const complaint of await complaints(await url())) expect(complaint).toMatch(why)
})

async function mutePort(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as { port: number }).port
}

test('a password that cannot be read is a mistake of the configuration, for who starts', async () => {
  const { run } = openCliWorld(
    'broker: { url: "amqp://ann@127.0.0.1", password_file: gone }\nschedules: {}\n',
  )
  const { code, stderr } = await run('status')
  expect(stderr).toMatch(/cannot read the broker's password: ENOENT/)
  expect(code).toBe(78)
})

test.each(['ca', 'cert', 'key'])('so is tls.%s that cannot be read', async (which) => {
  const { directory, run } = openCliWorld(
    `broker: { url: "amqps://ann@127.0.0.1", tls: { ${which}: gone } }\nschedules: {}\n`,
  )
  const { code, stderr } = await run('status')
  expect(stderr).toContain(`cannot read broker.tls.${which}: ENOENT`)
  expect(code).toBe(78)
  const checked = await run('check', '--strict')
  expect(checked.stderr).toContain(`broker.tls.${which}: ${directory}/gone: there is no such file here`)
  expect(checked.code).toBe(1)
})
