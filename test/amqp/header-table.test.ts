import { expect, test } from 'vitest'
import { copyTable, tableToWrite } from '../../src/amqp/header-table.ts'

const four = (value: number): object => ({ '!': 'int', value })

test('a whole number is written in four bytes wherever it stands, for Python takes one of two for a text', () => {
  expect(tableToWrite({ tenant: 1_000, timelimit: [300, null, 0.5], stamps: { a: -129 } })).toEqual({
    tenant: four(1_000),
    timelimit: [four(300), null, 0.5],
    stamps: { a: four(-129) },
  })
})

test('what is no such number is written as it is', () => {
  const table = { at: 1_795_368_424_429, half: 0.5, text: '1000', none: null, yes: true, bytes: Buffer.of(1) }
  expect(tableToWrite(table)).toEqual(table)
  const typed = {
    time: { '!': 'timestamp', value: 1_000 },
    price: { '!': 'decimal', value: { digits: 500, places: 2 } },
  }
  expect(tableToWrite(typed)).toEqual(typed)
})

test('what came is copied as it came', () => {
  expect(copyTable({ tenant: 1_000, list: [300] })).toEqual({ tenant: 1_000, list: [300] })
})

test('what amqplib could not write again is left out: types that it does not know, names that are too long', () => {
  const forged = [
    { '!': 'zzz', value: 1 },
    { '!': 'timestamp', value: -1 },
    { '!': 'timestamp', value: 'x' },
    { '!': 'int', value: 2 ** 40 },
    { '!': 'decimal', value: null },
    { '!': 'decimal', value: { digits: -1, places: 2 } },
  ]
  const name = '\ufffd'.repeat(100) // 100 bytes that were no UTF-8
  const came = copyTable({
    ...Object.fromEntries(forged.entries()),
    [name]: 1,
    list: forged,
    in: { a: forged[0] },
  })
  expect(came).toEqual({ list: [], in: {} })
  expect(tableToWrite(came)).toEqual({ list: [], in: {} })
})
