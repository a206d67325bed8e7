import type { CatalogEntry } from '../model/backup.ts'
import type { CleanupRules } from '../model/cleanup.ts'
import { BackupError } from '../model/errors.ts'
import type { CleanupPlan, RetentionDecision, RetentionPolicy } from '../model/retention.ts'
import { formatNumberOf } from '../model/units.ts'
import { type Listing, listBackups } from './catalog.ts'
import { cleanupPolicy } from './plan/cleanup-policy.ts'
import { decideSoundly } from './plan/decide-soundly.ts'
import { planCleanup } from './plan/retention-cleanup.ts'
import type { Repository } from './repository.ts'
import { BackupDetails, groundOf } from './retention-ground.ts'
import type { Session } from './session.ts'
import { WholeBackups } from './whole-backups.ts'

/** What a cleanup would do at one moment. */
export interface Decided {
  readonly now: number
  readonly policy: RetentionPolicy
  readonly words: string
  readonly listing: Listing
  /** By id, newest first. */
  readonly entries: ReadonlyMap<string, CatalogEntry>
  readonly decisions: readonly RetentionDecision[]
  /** Of all that goes: batches are made when it is done. */
  readonly plan: CleanupPlan
  readonly notices: readonly string[]
}

/** What a cleanup decides by, as often as it has to: what cannot change meanwhile is read once. */
export class CleanupGround {
  readonly #session: Session
  readonly #repository: Repository
  readonly #rules: CleanupRules
  readonly #details: BackupDetails
  readonly #whole: WholeBackups

  private constructor(session: Session, repository: Repository, rules: CleanupRules, details: BackupDetails) {
    this.#session = session
    this.#repository = repository
    this.#rules = rules
    this.#details = details
    this.#whole = new WholeBackups(session.world.files, repository)
  }

  static async open(session: Session, repository: Repository, rules: CleanupRules): Promise<CleanupGround> {
    const keys = await session.keys(repository, false)
    return new CleanupGround(session, repository, rules, new BackupDetails(session, repository, keys))
  }

  /** @throws E_CATALOG, E_NEEDED where it is not known of a backup what it needs, E_DAMAGED: nothing is decided on half knowledge. */
  async decide(): Promise<Decided> {
    const { files, clock } = this.#session.world
    const listing = await listBackups(files, this.#repository, this.#session.catalog(this.#repository))
    if (listing.distrust !== null) throw listing.distrust
    const [unknown] = listing.unknown
    if (unknown !== undefined)
      throw new BackupError(
        'E_NEEDED',
        `what ${unknown} needs cannot be told: its manifest cannot be read`,
        `bring ${unknown} back from a copy, or take it out of archives/ first`,
      )
    const ground = await groundOf(this.#session, listing.backups, this.#details)
    const { policy, words } = cleanupPolicy(this.#rules, ground.policy)
    const now = clock.now()
    const isWhole = (id: string) => this.#whole.has(id)
    const { backups, decisions } = decideSoundly(ground.backups, ground.entries, isWhole, policy, now)
    const plan = planCleanup(backups, decisions, now)
    const notices = [...(policy.sets === ground.policy.sets ? ground.idle : []), ...this.#doubts(listing.backups, now)]
    return { now, policy, words, listing, entries: ground.entries, decisions, plan, notices }
  }

  /** What makes that less goes than a person may expect. */
  #doubts(backups: readonly CatalogEntry[], now: number): string[] {
    const doubts: string[] = []
    const future = backups.filter(({ createdAt }) => Date.parse(createdAt) > now).length
    if (future > 0)
      doubts.push(`${formatNumberOf(future, 'backup')} dated in the future: is the clock of this machine right?`)
    const untold = backups.filter(({ id }) => this.#details.untold.has(id)).length
    if (untold > 0)
      doubts.push(
        `of ${formatNumberOf(untold, 'backup')} it cannot be told what paths they are of, for want of the key or of a whole manifest: they stay`,
      )
    return doubts
  }
}
