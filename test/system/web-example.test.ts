import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { chromium as browserPath, installChromium } from '../support/install-chromium.ts'
import { type OwnedProcess, startProcess } from '../support/owned-process.ts'
import { requires } from '../support/requirements.ts'
import { startTaskbeat, type TaskbeatProcess } from '../support/taskbeat-process.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** The example in a folder of its own, with taskbeat installed beside it as npm would. */
function copyExample(): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskbeat-web-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  cpSync(join(checkout, 'examples/web'), directory, { recursive: true })
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(checkout, join(directory, 'node_modules/taskbeat'))
  return directory
}

function startServer(cwd: string): OwnedProcess {
  const env = { PATH: process.env.PATH, TASKBEAT_CONFIG: 'schedules.yaml', PORT: '0' }
  const server = startProcess({
    name: 'web server',
    command: process.execPath,
    args: ['server.ts'],
    cwd,
    env,
  })
  onTestFinished(async () => void (await server.kill()))
  return server
}

function startWorker(cwd: string): TaskbeatProcess {
  const env = { PATH: process.env.PATH }
  const worker = startTaskbeat({ args: ['worker', '--config', 'schedules.yaml'], cwd, env })
  onTestFinished(async () => void (await worker.kill()))
  return worker
}

function addressOf(server: OwnedProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  server.onLine((line) => {
    const [address] = /http:\S+/.exec(line) ?? []
    if (address) resolve(address)
  })
  void server.ended.then(({ stderr }) => reject(new Error(`the web server ended: ${stderr}`)))
  return promise
}

async function openPage(address: string): Promise<Page> {
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] })
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.goto(address)
  return page
}

async function ask(page: Page, below: number): Promise<void> {
  await page.getByLabel('below').fill(String(below))
  await page.getByRole('button', { name: 'Count' }).click()
}

test('a page answers at once, and shows results and failures when a worker has made them', async (context) => {
  const missing = await installChromium()
  requires(context, missing === undefined, missing ?? '')
  const directory = copyExample()
  // Whoever is to work makes the queue; then there is nobody to work for a while.
  const first = startWorker(directory)
  await first.said(/^working on/)
  await first.stop()
  const page = await openPage(await addressOf(startServer(directory)))

  await ask(page, 100)
  await ask(page, 1_000_000)
  await ask(page, 60_000_000)
  const waiting = page.locator('li.waiting')
  await waiting.nth(2).waitFor()
  expect(await waiting.allTextContents()).toEqual([
    'counting below 100 …',
    'counting below 1000000 …',
    'counting below 60000000 …',
  ])

  startWorker(directory)
  await page.locator('li.done').nth(1).waitFor()
  await page.locator('li.failed').waitFor()
  expect(await page.locator('li').allTextContents()).toEqual([
    '25 primes below 100',
    '78498 primes below 1000000',
    expect.stringContaining('cannot count below 60000000'),
  ])
}, 180_000)
