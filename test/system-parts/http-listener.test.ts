import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ListenAddress } from '../../src/config/settings.ts'
import { type HttpAnswer, openHttpListener } from '../../src/system/http-listener.ts'
import { askHttp } from '../support/ask-http.ts'
import { freePort } from '../support/rabbitmq-control.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const answers = {
  '/fine': async (): Promise<HttpAnswer> => ({ status: 200, type: 'text/plain', body: 'fine ü\n' }),
  '/broken': (): Promise<HttpAnswer> => Promise.reject(new Error('it is broken')),
}

async function listen(address: ListenAddress): Promise<ListenAddress> {
  const listener = await openHttpListener(address, answers)
  onTestFinished(() => listener.close())
  return address
}

const port = async (): Promise<ListenAddress> => ({ kind: 'tcp', host: '127.0.0.1', port: await freePort() })
const socket = (): ListenAddress & { kind: 'unix' } => ({
  kind: 'unix',
  path: join(temporaryDirectory(), 'http.sock'),
})

test('what is asked for is answered, at a port and at a socket', async () => {
  for (const address of [await listen(await port()), await listen(socket())]) {
    const { status, headers, body } = await askHttp(address, '/fine?for=a+while')
    expect({ status, body, type: headers['content-type'] }).toEqual({
      status: 200,
      body: 'fine ü\n',
      type: 'text/plain',
    })
    expect(await askHttp(address, '/fine', 'HEAD')).toMatchObject({ status: 200, body: '' })
  }
})

test('anything else is refused, and what goes wrong is said', async () => {
  const address = await listen(await port())
  expect(await askHttp(address, '/')).toMatchObject({ status: 404, body: '/fine\n/broken\n' })
  expect(await askHttp(address, '/constructor')).toMatchObject({ status: 404 })
  expect(await askHttp(address, '/fine', 'POST')).toMatchObject({ status: 405 })
  expect(await askHttp(address, '/broken')).toMatchObject({ status: 500, body: 'it is broken\n' })
})

test('a port that is taken is an error with its name, and so is a socket', async () => {
  for (const address of [await listen(await port()), await listen(socket())]) {
    const place = address.kind === 'tcp' ? `127.0.0.1:${address.port}` : `unix:${address.path}`
    await expect(openHttpListener(address, answers)).rejects.toMatchObject({
      code: 'ADDRESS_UNUSABLE',
      message: `http: cannot listen on ${place}: it is in use`,
    })
    expect(await askHttp(address, '/fine')).toMatchObject({ status: 200 })
  }
})

test('a socket that a killed process has left behind is replaced', async () => {
  const address = socket()
  const script = `require('net').createServer().listen(${JSON.stringify(address.path)}, () => console.log('up'))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(existsSync(address.path)).toBe(true)
  expect(await askHttp(await listen(address), '/fine')).toMatchObject({ status: 200 })
})

test('a file that is no socket is left alone', async () => {
  const address = socket()
  writeFileSync(address.path, 'precious')
  await expect(openHttpListener(address, answers)).rejects.toMatchObject({ code: 'ADDRESS_UNUSABLE' })
})

test('a directory that is missing is an error that says so', async () => {
  const address: ListenAddress = { kind: 'unix', path: join(temporaryDirectory(), 'run/http.sock') }
  await expect(openHttpListener(address, answers)).rejects.toMatchObject({ code: 'ADDRESS_UNUSABLE' })
})

test('closing waits for nobody who keeps a connection open, and leaves no socket behind', async () => {
  const address = socket()
  const listener = await openHttpListener(address, answers)
  const silent = connect(address.path)
  await once(silent, 'connect')
  const gone = once(silent, 'close')
  await listener.close()
  await gone
  expect(existsSync(address.path)).toBe(false)
})
