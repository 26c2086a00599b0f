import { stripVTControlCharacters } from 'node:util'
import type { Reporter, TestCase } from 'vitest/node'

/**
 * A reporter that names, at the end of a run, each test that passed only when it was tried again, and what had come of
 * it first: a second try is there so that a busy machine fails nobody, and not to keep quiet about it.
 */
export class SecondTries implements Reporter {
  readonly #passedLater: TestCase[] = []

  onTestCaseResult(testCase: TestCase): void {
    if (testCase.diagnostic()?.flaky) this.#passedLater.push(testCase)
  }

  onTestRunEnd(): void {
    if (this.#passedLater.length === 0) return
    const lines = this.#passedLater.flatMap((testCase) => [
      `  ${testCase.module.relativeModuleId} > ${testCase.fullName}`,
      ...(testCase.result().errors ?? []).map(({ message }) => indent(stripVTControlCharacters(message))),
    ])
    console.error(`\nPassed only when tried again:\n${lines.join('\n')}\n`)
  }
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '      ')
}
