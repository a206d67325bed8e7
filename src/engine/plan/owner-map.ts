import { nearest } from '../../model/configuration-keys.ts'
import { BackupError } from '../../model/errors.ts'
import type { OwnerRule } from '../../model/restore-plan.ts'
import type { TocEntry } from '../../model/toc.ts'

/** Whom restored files belong to, where it is not whom they belonged to. */

/** Numbers of the users and groups of this machine, by name. */
export interface AccountIds {
  readonly users: ReadonlyMap<string, number>
  readonly groups: ReadonlyMap<string, number>
}

const kinds = ['user', 'group'] as const
const form = 'write it as --map-owner app=web, app:staff=web:www or :staff=:www, with names or numbers'
/** The last number is (uid_t) -1, which means "leave it". */
const mostId = 4_294_967_294

/**
 * Rules from the words of the command line: `FROM=TO`, each a user, `user:group` or `:group`. A name to the left is one
 * the backup has stored, to the right one of this machine; digits are a number. Users and groups are mapped each for
 * themselves.
 *
 * @throws E_USAGE for what is no such word, for a name this machine does not know, and where one owner is mapped twice.
 */
export function ownerRules(words: readonly string[], ids: AccountIds): OwnerRule[] {
  const rules: OwnerRule[] = []
  for (const word of words) {
    const [from, to, ...more] = word.split('=').map((side) => side.split(':'))
    const fits = from !== undefined && to !== undefined && more.length === 0 && from.length === to.length
    if (!fits || from.length > 2 || from.every((name) => name === '')) throw wrong(word)
    for (const [at, kind] of kinds.entries()) {
      const [name, other] = [from[at] ?? '', to[at] ?? '']
      if (name === '' && other === '') continue
      if (name === '' || other === '') throw wrong(word)
      const rule = { kind, from: asNumber(name) ?? name, to: resolve(kind, other, ids), name: other }
      if (rules.some((one) => one.kind === kind && one.from === rule.from))
        throw new BackupError('E_USAGE', `--map-owner maps the ${kind} ${JSON.stringify(name)} twice`, 'choose one')
      rules.push(rule)
    }
  }
  return rules
}

/** The rules of a plan, applied to its entries; remembers which of them met anything. */
export class OwnerMap {
  readonly #rules: readonly OwnerRule[]
  readonly #met = new Set<OwnerRule>()

  constructor(rules: readonly OwnerRule[]) {
    this.#rules = rules
  }

  /** The entry as its new owner has it; itself where that is no other. The first rule that fits decides. */
  apply(entry: TocEntry): TocEntry {
    if (this.#rules.length === 0) return entry
    const uid = this.#find('user', entry.uid, entry.userName)
    const gid = this.#find('group', entry.gid, entry.groupName)
    return uid === entry.uid && gid === entry.gid ? entry : { ...entry, uid, gid }
  }

  /** What is to be said of rules that nothing fits. */
  get notes(): string[] {
    return this.#rules
      .filter((rule) => !this.#met.has(rule))
      .map(({ kind, from }) => `--map-owner names the ${kind} ${from}, to whom nothing in the backup belongs`)
  }

  #find(kind: OwnerRule['kind'], id: number, name: string | null): number {
    const rule = this.#rules.find((one) => one.kind === kind && (one.from === id || one.from === name))
    if (rule === undefined) return id
    this.#met.add(rule)
    return rule.to
  }
}

function asNumber(text: string): number | null {
  return /^\d{1,10}$/.test(text) && Number(text) <= mostId ? Number(text) : null
}

function resolve(kind: OwnerRule['kind'], name: string, ids: AccountIds): number {
  const names = kind === 'user' ? ids.users : ids.groups
  const id = asNumber(name) ?? names.get(name)
  if (id !== undefined) return id
  const near = nearest(name, [...names.keys()])
  throw new BackupError(
    'E_USAGE',
    `this machine has no ${kind} ${JSON.stringify(name)} to map an owner to`,
    near === null ? `make the ${kind} first, or give its number` : `did you mean ${near}?`,
  )
}

function wrong(word: string): BackupError {
  return new BackupError('E_USAGE', `--map-owner cannot be ${JSON.stringify(word)}`, form)
}
