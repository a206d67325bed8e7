import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Real processes, disks and key derivations: more at once than processors only makes them wait for each other.
    maxWorkers: 2,
  },
})
