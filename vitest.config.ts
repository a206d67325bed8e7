import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { quickGround } from './test/quick-ground.ts'

const isLong = process.env['HOLDFAST_LONG'] === '1'

// Worker threads of the engine run from the sources in tests. Node strips the types of all they import anew for each
// thread, which costs four times what the thread itself does, unless it may keep what it made of them.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('dist/.test-cache', import.meta.url))

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', development: isLong } },
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    pool: 'forks',
    env: {
      ...quickGround(process.env),
      // As the program is built. React's own checks, which take half as long again, are for the long run.
      ...(isLong ? {} : { NODE_ENV: 'production' }),
    },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Real processes, disks and key derivations: they wait for the disk as often as for a processor.
    maxWorkers: 3,
  },
})
