import type { BackupType } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath } from '../model/path.ts'
import { formatNumberOf } from '../model/units.ts'
import { type Base, type BaseNews, type BaseWish, nobodyHears } from './incremental/base.ts'
import { countBelow } from './incremental/empty-roots.ts'
import type { ServiceRequest } from './service-request.ts'

/** Of each service the older backup that a new one builds on, or is compared with. */

export interface BaseRequest {
  readonly type: BackupType
  readonly services: readonly ServiceRequest[]
  /**
   * The newest backup of a service, to build upon or to compare with; its owner closes the lineage. Asked for once the
   * services are locked, so that none can be deleted or added meanwhile.
   */
  findBase(service: ServiceRequest, wish: BaseWish, hears: BaseNews): Promise<Base | null>
}

/** By service; one that has no older backup to build upon is not in it. The caller closes their lineages. */
export async function openBases(
  { type, services, findBase }: BaseRequest,
  onlyEncrypted: boolean,
  hears: BaseNews,
): Promise<Map<string, Base>> {
  const bases = new Map<string, Base>()
  try {
    for (const service of services) {
      const base = await findBase(service, { onlyFull: type === 'differential', onlyEncrypted }, hears)
      if (base !== null) bases.set(service.name, base)
    }
  } catch (error) {
    for (const base of bases.values()) base.lineage.close()
    throw error
  }
  const alone = services.filter(({ name }) => !bases.has(name)).map(({ name }) => name)
  const which = type === 'differential' ? 'full backup' : 'backup'
  if (alone.length > 0) {
    const what = bases.size === 0 ? 'this becomes a full backup' : `stored in full: ${alone.join(', ')}`
    hears.note(`there is no older ${which} to build upon: ${what}`)
  }
  return bases
}

/**
 * A file system that is not mounted must not look like one whose files were all deleted.
 *
 * @throws E_SOURCE_EMPTY where one of these roots had something below it in the newest backup.
 */
export async function refuseEmpty(
  { type, findBase }: BaseRequest,
  service: ServiceRequest,
  roots: readonly BytePath[],
  base: Base | null,
): Promise<void> {
  if (roots.length === 0) return
  // A differential's base may be older than a backup that has accepted it: the newest one tells.
  const newest = type === 'differential' ? null : base
  const before = newest ?? (await findBase(service, { onlyFull: false, onlyEncrypted: false }, nobodyHears))
  if (before === null) return
  try {
    for (const root of roots) {
      const count = countBelow(before.lineage, root)
      if (count === 0) continue
      throw new BackupError(
        'E_SOURCE_EMPTY',
        `/${displayPath(root)} has nothing below it, and had ${formatNumberOf(count, 'entry', 'entries')} in ${before.backup}`,
        'nothing was backed up: is a file system not mounted? where it is empty for good, add --accept-empty',
      )
    }
  } finally {
    if (before !== base) before.lineage.close()
  }
}
