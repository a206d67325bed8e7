import type { CatalogEntry } from '../../src/model/backup.ts'

/** A backup as a list shows it; `suffix` makes its id. */
export function entry(suffix: string, more: Partial<CatalogEntry> = {}): CatalogEntry {
  return {
    id: `2026-11-20T02-00-00Z-full-${suffix}`,
    type: 'full',
    createdAt: '2026-11-20T02:00:00.000Z',
    description: 'nightly',
    services: ['files', 'postgres-app'],
    base: null,
    deps: [],
    sizeBytes: 1_000_000_000,
    bytes: 2_000_000_000,
    reusedBytes: 0,
    files: 56_000,
    warnings: 0,
    durationMs: 3_600,
    encrypted: true,
    pinned: false,
    verified: { level: 'quick', at: '2026-11-20T02:01:00.000Z', ok: true },
    ...more,
  }
}
