import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposableSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a run of tests came to. */
export interface Passed {
  readonly passed: number
  readonly skipped: number
  readonly seconds: number
}

/** Runs files of tests as CI does but for second tries, with more in their environment. Rejects, with the names, when any has failed. */
export async function runTests(files: readonly string[], environment: NodeJS.ProcessEnv): Promise<Passed> {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'taskbeat-report-'))
  const report = join(directory.path, 'report.json')
  const began = performance.now()
  const args = [
    'run',
    '--retry=0',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...files,
  ]
  const vitest = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: root,
    env: { ...process.env, ...environment, CI: 'true' },
    stdio: 'inherit',
  })
  const [code] = await once(vitest, 'exit')
  const { numPassedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.flatMap(({ status, fullName }) => (status === 'failed' ? [fullName] : [])),
  )
  if (code !== 0) throw new Error([`${failed.length} failed, ${numPassedTests} passed`, ...failed].join('\n'))
  return {
    passed: numPassedTests,
    skipped: numPendingTests,
    seconds: Math.round((performance.now() - began) / 1_000),
  }
}

const root = join(import.meta.dirname, '../..')

/** What is read of the report. */
interface Report {
  readonly numPassedTests: number
  readonly numPendingTests: number
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}
