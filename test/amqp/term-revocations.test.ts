import { expect, test } from 'vitest'
import {
  mostIdsOfNotice,
  Revocations,
  readRevocations,
  revocationMethod,
  toRequest,
} from '../../src/amqp/revocations.ts'
import { instant } from '../../src/core/instant.ts'
import { newUuid } from '../../src/core/uuid.ts'

const until = instant(1_000)
const id = newUuid()
const at = (epoch: number, seq: number): { epoch: number; seq: number } => ({ epoch, seq })

test('a revocation holds for copies from before its stamp', () => {
  const revocations = new Revocations()
  revocations.add({ ids: [id], stamp: at(3, 5), until })
  expect(revocations.isRevoked(id, at(3, 4))).toBe(true)
  expect(revocations.isRevoked(id, at(2, 9))).toBe(true)
  expect(revocations.isRevoked(id, at(3, 5))).toBe(false)
  expect(revocations.isRevoked(id, at(4, 0))).toBe(false)
  expect(revocations.isRevoked(newUuid(), at(0, 0))).toBe(false)
})

test('of two revocations the later holds, whichever is heard last', () => {
  const revocations = new Revocations()
  revocations.add({ ids: [id], stamp: at(3, 5), until })
  revocations.add({ ids: [id], stamp: at(3, 2), until })
  expect(revocations.isRevoked(id, at(3, 4))).toBe(true)
})

test('a revocation is forgotten when it is void', () => {
  const revocations = new Revocations()
  revocations.add({ ids: [id], stamp: at(1, 1), until })
  revocations.forgetExpired(instant(999))
  expect(revocations.size).toBe(1)
  revocations.forgetExpired(until)
  expect(revocations.size).toBe(0)
})

test('no more than a hundred thousand are remembered', () => {
  const revocations = new Revocations()
  const ids = Array.from({ length: 100_001 }, newUuid)
  revocations.add({ ids, stamp: at(1, 1), until })
  expect(revocations.size).toBe(100_000)
  expect(revocations.isRevoked(ids[0] ?? '', at(0, 0))).toBe(false)
  expect(revocations.isRevoked(ids[100_000] ?? '', at(0, 0))).toBe(true)
})

test('a notice is read as it was written', () => {
  const notice = { ids: [id, newUuid()], stamp: at(3, 5), until }
  const request = toRequest(notice)
  expect(request.method).toBe(revocationMethod)
  expect(readRevocations(request.arguments)).toEqual(notice)
})

test.each([
  ['nothing', {}],
  ['an id that is none', { ids: ['x'] }],
  ['too many ids', { ids: Array.from({ length: mostIdsOfNotice + 1 }, () => id) }],
  ['ids that are no list', { ids: id }],
  ['an epoch below 0', { epoch: -1 }],
  ['a seq in words', { seq: '1' }],
  ['no end', { until: Number.POSITIVE_INFINITY }],
])('a notice with %s is none', (what, change) => {
  const sound = { ids: [id], epoch: 1, seq: 1, until: 1 }
  expect(readRevocations(sound)).toBeDefined()
  expect(readRevocations(what === 'nothing' ? {} : { ...sound, ...change })).toBeUndefined()
})
