import { expect, test } from 'vitest'
import { placeOf } from '../../src/amqp/address.ts'
import { type Address, parseAmqpUrl } from '../../src/config/amqp-url.ts'

const plain = { host: 'h', port: 5_672, tls: false, vhost: '/' }

test.each<[string, Address]>([
  ['amqp://h', plain],
  ['amqp://h/', plain],
  ['amqp://h/%2F', plain],
  ['amqp://', { ...plain, host: 'localhost' }],
  ['amqp://h:5673/jobs', { ...plain, port: 5_673, vhost: 'jobs' }],
  ['amqp://h/%2Fjobs%2Fa', { ...plain, vhost: '/jobs/a' }],
  ['amqp://h/a%20b%C3%A4', { ...plain, vhost: 'a bä' }],
  ['amqps://h', { ...plain, port: 5_671, tls: true }],
  ['AMQPS://h:1', { ...plain, port: 1, tls: true }],
  ['amqp://[::1]:5673', { ...plain, host: '::1', port: 5_673 }],
  ['amqp://me:p%C3%A4%25%2F%40ss@h', { ...plain, username: 'me', password: 'pä%/@ss' }],
  ['amqp://j%C3%B6rg@h', { ...plain, username: 'jörg' }],
  ['amqp://me:pä@h', { ...plain, username: 'me', password: 'pä' }],
])('%s is read as RabbitMQ says', (url, address) => {
  expect(parseAmqpUrl(url)).toEqual(address)
})

test.each([
  ['http://h', 'another kind of URL'],
  ['h:5672', 'another kind of URL'],
  ['amqp', 'not a URL'],
  ['amqp://h:port', 'not a URL'],
  ['amqp://h:0', 'port 0'],
  ['amqp://h/a/b', 'written %2F'],
  ['amqp://me:50%@h', 'written %25'],
  ['amqp://me:%E4@h', 'is UTF-8'],
  ['amqp://h?heartbeat=10', 'keys of its own'],
  ['amqp://me:pass#word@h', '# %23'],
  ['amqp://me:pass/word@h', '/ is written %2F'],
  ['amqp://me:pass@h:99999/v', 'a port above 65535'],
  ['amqp://me:99999/word@h', '/ is written %2F'],
])('%s is a problem that says what to write', (url, problem) => {
  expect(parseAmqpUrl(url)).toMatchObject({ problem: expect.stringContaining(problem) })
})

test('a place is written so that the port can be told from an IPv6 address', () => {
  expect([placeOf({ host: 'h', port: 1 }), placeOf({ host: '::1', port: 2 })]).toEqual(['h:1', '[::1]:2'])
})
