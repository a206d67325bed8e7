import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Real processes, disks and key derivations: they wait for the disk as often as for a processor.
    maxWorkers: 3,
  },
})
