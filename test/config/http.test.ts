import { describe, expect, it, test } from 'vitest'
import { complaintsOf, settingsOf } from './read-text.ts'

const file = (http: string): string => `schedules: {}\nhttp: ${http}\n`

describe('where a process answers is a port of this machine alone, or a socket', () => {
  it.each([
    ['127.0.0.1:9464', { kind: 'tcp', host: '127.0.0.1', port: 9464 }],
    ['127.8.0.1:1', { kind: 'tcp', host: '127.8.0.1', port: 1 }],
    ['localhost:9464', { kind: 'tcp', host: '127.0.0.1', port: 9464 }],
    ['"[::1]:65535"', { kind: 'tcp', host: '::1', port: 65_535 }],
    ['unix:/run/taskbeat/http.sock', { kind: 'unix', path: '/run/taskbeat/http.sock' }],
    ['unix:run/http.sock', { kind: 'unix', path: '/srv/run/http.sock' }],
    [`"unix:\${HOME}/http.sock"`, { kind: 'unix', path: '/home/ann/http.sock' }],
    [`"127.0.0.1:\${PORT:-9465}"`, { kind: 'tcp', host: '127.0.0.1', port: 9465 }],
  ])('%s', (written, address) => {
    expect(settingsOf(file(`{ beat: ${written} }`)).http).toEqual({ beat: address })
  })

  const elsewhere = 'only this machine is answered; whoever else is to ask goes through a proxy on it'
  it.each([
    ['9464', 'got 9464; write 127.0.0.1:9464'],
    ['":9464"', `got ":9464"; ${elsewhere}`],
    ['0.0.0.0:9464', `got "0.0.0.0:9464"; ${elsewhere}`],
    ['"[::]:9464"', `got "[::]:9464"; ${elsewhere}`],
    ['10.0.0.1:9464', `got "10.0.0.1:9464"; ${elsewhere}`],
    ['127.0.0.256:9464', `got "127.0.0.256:9464"; ${elsewhere}`],
    ['127.0.0.1.example.org:80', `got "127.0.0.1.example.org:80"; ${elsewhere}`],
    ['127.0.0.1', 'got "127.0.0.1"'],
    ['127.0.0.1:0', 'got "127.0.0.1:0"'],
    ['127.0.0.1:65536', 'got "127.0.0.1:65536"'],
    ['"unix:"', 'got "unix:"'],
    ['{ port: 1 }', 'got a map'],
  ])('and not %s', (written, complaint) => {
    expect(complaintsOf(file(`{ worker: ${written} }`))).toEqual([
      expect.stringMatching(/^schedules\.yaml:2:\d+: http\.worker: expected /),
    ])
    expect(complaintsOf(file(`{ worker: ${written} }`))[0]).toContain(complaint)
  })

  it('a path is no longer than the kernel takes', () => {
    expect(complaintsOf(file(`{ beat: "unix:/${'a'.repeat(107)}" }`))).toEqual([
      'schedules.yaml:2:15: http.beat: the path of a socket may have 107 bytes',
    ])
  })
})

test('nothing is answered unless the file says so', () => {
  expect(settingsOf('schedules: {}').http).toEqual({})
})

test('a port serves one process, and what a variable says may differ from one to the other', () => {
  expect(complaintsOf(file('{ beat: 127.0.0.1:9464, worker: localhost:9464 }'))).toEqual([
    'schedules.yaml:2:39: http.worker: the beat answers there; a port serves one process',
  ])
  const env = { PORT: '9464', RUNTIME_DIRECTORY: '/run/x' }
  const variable = `{ beat: "127.0.0.1:\${PORT}", worker: "127.0.0.1:\${PORT}" }`
  expect(settingsOf(file(variable), { env }).http.worker).toMatchObject({ port: 9464 })
  const socket = `unix:\${RUNTIME_DIRECTORY}/http.sock`
  expect(settingsOf(file(`{ beat: "${socket}", worker: "${socket}" }`), { env }).http.worker).toEqual({
    kind: 'unix',
    path: '/run/x/http.sock',
  })
})

test('a variable that is missing is a problem for the process that answers there, and for no other', () => {
  const text = file(`{ worker: "127.0.0.1:\${WORKER_PORT}" }`)
  expect(complaintsOf(text, { role: 'worker' })).toEqual([
    'schedules.yaml:2:17: http.worker: the environment has no WORKER_PORT',
  ])
  expect(settingsOf(text, { role: 'beat' }).http).toEqual({})
})
