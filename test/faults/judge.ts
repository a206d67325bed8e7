import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errorTable } from '../../src/model/errors.ts'
import { backupIds, litterOf, manifestOf } from '../e2e/stage.ts'
import type { FaultKind } from './faulty-files.ts'
import type { Answer, Evidence, Operation, Place } from './operation.ts'
import { differences, type Tree, type Witness } from './witness.ts'

/** What must hold of any operation, judged by node:fs, node:crypto and recover.py alone. Every finding is a sentence. */

/** Name, size and SHA-256 of every file of a backup. */
export function filesOf(root: string, id: string): string[] {
  const directory = join(root, 'archives', id)
  return readdirSync(directory)
    .sort()
    .map((name) => {
      const bytes = readFileSync(join(directory, name))
      return `${name} ${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`
    })
}

/** What is wrong with how a deed ended. */
export function wrongOutcome(answer: Answer, kind: FaultKind): string[] {
  if (answer === null) return kind === 'kill' ? [] : ['the process died']
  const { code, message, exitCode, warnings, leaked } = answer
  const found: string[] = []
  if (code !== null && (!Object.hasOwn(errorTable, code) || code === 'E_INTERNAL'))
    found.push(`ended with ${code}, which tells an operator nothing: ${message}`)
  if (code === 'E_INTERRUPTED') found.push('waited for a lock that nobody holds')
  if (code !== null && message === '') found.push('ended with an error without words')
  if (exitCode === 3 && warnings.length === 0) found.push('ended with 3 and no warning')
  if (leaked > 0 && code === null) found.push(`left ${leaked} descriptors open`)
  return found
}

/** What is wrong with the backups that can be seen: a backup is there as a whole, or not. */
function tornBackups(root: string): string[] {
  return idsIn(root).flatMap((id) => {
    const directory = join(root, 'archives', id)
    const names = readdirSync(directory).sort()
    if (!names.includes('manifest.json')) return [`${id} has no manifest`]
    const manifest = manifestOf(root, id)
    const wanted = ['manifest.json', ...manifest.archives.map(({ file }) => file)].sort()
    return [
      ...(manifest.id === id ? [] : [`${id} says that it is ${manifest.id}`]),
      ...(names.join() === wanted.join() ? [] : [`${id} holds ${names.join()}`]),
      ...manifest.archives
        .filter(({ file, size }) => statSync(join(directory, file), { throwIfNoEntry: false })?.size !== size)
        .map(({ file, size }) => `${id}/${file} is not ${size} bytes`),
    ]
  })
}

export function idsIn(root: string): string[] {
  return existsSync(join(root, 'archives')) ? backupIds(root) : []
}

export function archiveOf(root: string, id: string): string {
  const [archive] = manifestOf(root, id).archives
  return join(root, 'archives', id, archive!.file)
}

/** What is wrong with the repository. `known` are backups whose content was read back already. */
export async function wrongRepository(
  operation: Operation,
  evidence: Evidence,
  known: Set<string>,
): Promise<readonly string[]> {
  const { place, before, answer, witness } = evidence
  const { root } = place
  const found = tornBackups(root)
  if (found.length > 0) return found
  const there = idsIn(root)
  const gone = before.backups.filter((id) => !there.includes(id))
  const mayGo = operation.mayGo?.(before.backups) ?? []
  found.push(...gone.filter((id) => !mayGo.includes(id)).map((id) => `the backup ${id} is gone`))
  for (const id of before.backups)
    if (there.includes(id) && filesOf(root, id).join() !== before.files.get(id)?.join())
      found.push(`the backup ${id} was changed`)

  const allMade = there.filter((id) => !before.backups.includes(id))
  const saves = operation.saves?.(place)
  const saved = saves === undefined ? [] : allMade.filter(isSafety)
  for (const id of saved) {
    if (known.has(id)) continue
    known.add(id)
    found.push(...(await wrongSafety(evidence, id, saves!)))
  }
  const made = allMade.filter((id) => !saved.includes(id))
  const expected = operation.makes?.(before)
  if (expected === undefined && made.length > 0) found.push(`made ${made}, and should make none`)
  // Of those that are as they were only one that lost what it builds on can be broken.
  const toRead = [...made, ...(gone.length > 0 ? before.backups.filter((id) => there.includes(id)) : [])]
  for (const id of toRead) {
    if (known.has(id)) continue
    known.add(id)
    const whole = before.stored.get(id) ?? expected ?? {}
    const isComplete = answer === null || answer.exitCode === 0 || !answer.backups.includes(id)
    found.push(...(await wrongContent(witness, archiveOf(root, id), place, whole, isComplete)))
  }
  return found
}

export function isSafety(id: string): boolean {
  return id.includes('-safety-')
}

/**
 * What recover.py makes of a safety backup: of what was there before a part, or of what the first of two restores had
 * put there, and nothing else.
 */
async function wrongSafety({ place, before, witness }: Evidence, id: string, below: string): Promise<string[]> {
  const { code, notes, tree } = await witness.restore(archiveOf(place.root, id), below)
  if (code !== 0) return [`recover.py says of ${id}: ${notes}`]
  // A directory that is only on the way is made by recover.py; links to what was not saved are files there.
  return Object.entries(tree).flatMap(([name, sight]) => {
    const known = [before.source, ...before.stored.values()].flatMap((tree) => tree[name] ?? [])
    if (known.length === 0) return [`${id} holds ${name}, which was not there`]
    if (sight.type === 'directory') return []
    return known.some(({ type, content }) => type === sight.type && content === sight.content)
      ? []
      : [`${id} holds another ${name}`]
  })
}

/** What recover.py makes of an archive, against what it must hold. */
async function wrongContent(
  witness: Witness,
  archive: string,
  { source }: Place,
  expected: Tree,
  isComplete: boolean,
): Promise<string[]> {
  const { code, notes, tree } = await witness.restore(archive, source)
  const all = differences(expected, tree)
  if (isComplete) return code === 0 ? all : [`recover.py ended with ${code}: ${notes}`]
  // A file whose reading failed in the middle is stored as torn, of which the create warned; what could not be read at
  // all is not there, and a directory of which only the names could be read is made by what lies in it.
  if (code !== 0 && code !== 3) return [`recover.py ended with ${code}: ${notes}`]
  const isTold = (line: string): boolean =>
    /: (missing|sameAs .*)$/.test(line) ||
    expected[nameIn(line)]?.type === 'directory' ||
    notes.includes(`torn: ${join(source, nameIn(line)).slice(1)} `)
  return all.filter((line) => !isTold(line))
}

/** Of a difference; the top's own is empty. */
function nameIn(line: string): string {
  const name = line.split(':')[0]!
  return name === '.' ? '' : name
}

/** What only a run that still goes on may leave: in the repository, in the user's directory, where it restored to. */
export function litterIn({ root, home, source, target, outside }: Place): string[] {
  const temporaries = [source, target, outside].flatMap((top) =>
    existsSync(top)
      ? readdirSync(top, { recursive: true, encoding: 'utf8' }).filter((name) => /(^|\/)\.hf-/.test(name))
      : [],
  )
  return [...litterOf(root), ...readdirSync(home), ...temporaries]
}
