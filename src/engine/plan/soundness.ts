import type { CatalogEntry } from '../../model/backup.ts'

/** Which backups can be restored from, as far as is known. */
export interface Soundness {
  isThere(entry: CatalogEntry): boolean
  /** There and not damaged, and so is all that it needs. */
  isGood(entry: CatalogEntry): boolean
  /** What is broken in itself, and how many backups that are there cannot be restored because of it, itself left out. */
  readonly broken: readonly Broken[]
}

export interface Broken {
  readonly id: string
  /** `unknown`: needed, and nowhere listed. */
  readonly how: 'gone' | 'unknown' | 'no-manifest' | 'damaged'
  readonly dependents: number
}

/** @param withoutManifest ids of those whose directory has no manifest: they were never finished, or are torn. */
export function soundnessOf(backups: readonly CatalogEntry[], withoutManifest: ReadonlySet<string>): Soundness {
  const known = new Map(backups.map((entry) => [entry.id, entry]))
  const dependents = new Map<string, CatalogEntry[]>()
  for (const entry of backups) {
    for (const id of entry.deps) {
      const others = dependents.get(id)
      if (others === undefined) dependents.set(id, [entry])
      else others.push(entry)
    }
  }
  const how = (id: string): Broken['how'] | null => {
    const entry = known.get(id)
    if (entry === undefined) return 'unknown'
    if (!isThere(entry)) return 'gone'
    if (withoutManifest.has(id)) return 'no-manifest'
    return entry.verified?.ok === false ? 'damaged' : null
  }
  const broken: Broken[] = []
  const bad = new Set<string>()
  for (const id of new Set([...known.keys(), ...dependents.keys()])) {
    const why = how(id)
    if (why !== null) {
      bad.add(id)
      broken.push({ id, how: why, dependents: 0 })
    }
  }
  return {
    isThere,
    isGood: ({ id }) => !bad.has(id),
    broken: broken.map((one) => ({ ...one, dependents: spread(one.id, dependents, bad) })),
  }
}

/** One that is on its way out is whole until it is gone. */
function isThere({ missing }: CatalogEntry): boolean {
  return missing !== true
}

/** Marks what needs `id`, by however many steps, and counts what is there of it; what another one has spoilt counts there. */
function spread(id: string, dependents: ReadonlyMap<string, readonly CatalogEntry[]>, bad: Set<string>): number {
  let count = 0
  const open = [id]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of dependents.get(next) ?? []) {
      if (bad.has(entry.id)) continue
      bad.add(entry.id)
      open.push(entry.id)
      if (isThere(entry)) count++
    }
  }
  return count
}
