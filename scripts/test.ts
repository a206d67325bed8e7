import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * `npm test`: the types, the style, the build, then every test; the last line is the count. Arguments go to vitest.
 * With HOLDFAST_LONG=1 the long matrices run too.
 */

function run(command: string, ...args: string[]): boolean {
  console.log(`> ${command} ${args.join(' ')}`)
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0
}

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numFailedTestSuites: number
}

function readReport(path: string): Report {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report // vitest's own
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numFailedTestSuites: 1 }
  }
}

const results = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
try {
  const path = join(results, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${path}`]
  const passed =
    run('node', 'scripts/test-setup.ts') &&
    run('tsc', '-p', '.') &&
    run('biome', 'ci', '--error-on-warnings') &&
    run('node', 'scripts/build.ts') &&
    run('vitest', 'run', ...reporters, ...process.argv.slice(2))
  const report = readReport(path)
  // A file that does not even load, or a step before the tests, counts as one failure.
  const failed = passed ? 0 : Math.max(1, report.numFailedTests)
  const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : ''
  console.log(`${report.numPassedTests} passed, ${failed} failed${skipped}`)
  process.exitCode = failed === 0 ? 0 : 1
} finally {
  rmSync(results, { recursive: true, force: true })
}
