// Run by the build: writes the manual into the directory that is named.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeProgram } from '../main.ts'
import { version } from '../version.ts'
import { manPages } from './man-pages.ts'

const [directory = 'man'] = process.argv.slice(2)
const { SOURCE_DATE_EPOCH: epoch } = process.env
const date = (epoch ? new Date(Number(epoch) * 1_000) : new Date()).toISOString().slice(0, 10)
mkdirSync(directory, { recursive: true })
for (const { file, text } of manPages(describeProgram(), { version, date }))
  writeFileSync(join(directory, file), text)
