import { createHmac, type Hmac, timingSafeEqual } from 'node:crypto'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, pathFromJson } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { PathChoice } from '../../model/restore.ts'
import { type PlanHeader, planHeaderSchema } from '../../model/restore-plan.ts'
import { explainIo } from '../platform/explain-io.ts'
import { syncDirectory } from '../platform/json-file.ts'
import { aboveOf } from './places.ts'
import type { RestorePlan } from './request.ts'
import { SpoolWriter, spoolLines } from './spool.ts'

/**
 * A plan as a file to be reviewed and applied later: one JSON document, a field or a step a line, so that it can be
 * streamed. Its last field is an HMAC-SHA256, under a key of the repository, over every byte before that line.
 */

const stepsStart = '"steps":['
const stepsEnd = '],'
const altered = 'the restore plan is not as it was saved: it was altered since, or the file is another'
const makeAnew = 'make the plan anew with restore --dry-run --save-plan'
/** Header lines hold at most the refusals told with a plan. */
const headerLimitBytes = 64 << 20

/** What was decided for single paths. */
export function choicesOf({ choices }: PlanHeader): ReadonlyMap<BytePath, PathChoice> {
  return new Map((choices ?? []).map(({ path, choice }) => [pathFromJson(path), choice]))
}

/** The plan's hash, 64 hex digits: what `savePlan` writes, for a plan that is only shown. */
export function planHash(files: Files, plan: RestorePlan, key: Uint8Array): string {
  const hmac = createHmac('sha256', key)
  for (const piece of planPieces(files, plan)) hmac.update(piece)
  return hmac.digest('hex')
}

/** Writes the plan, 0600, on disk when this resolves. The file must not exist. @throws E_IO, E_NO_SPACE. */
export async function savePlan(files: Files, plan: RestorePlan, key: Uint8Array, path: BytePath): Promise<string> {
  const out = new SpoolWriter(files, path)
  try {
    const hmac = createHmac('sha256', key)
    for (const piece of planPieces(files, plan)) {
      hmac.update(piece)
      out.raw(piece)
    }
    const hash = hmac.digest('hex')
    out.line(`"hash":"${hash}"}`)
    await out.sync()
    await syncDirectory(files, aboveOf(path))
    return hash
  } catch (error) {
    files.removeFile(path)
    throw explainIo(error, 'write the plan', path)
  } finally {
    out.close()
  }
}

export interface LoadRequest {
  readonly repositoryId: string
  /** ISO 8601 UTC. */
  readonly now: string
  /** Instead of the 15 minutes since it was made. */
  readonly lifetimeMs?: number
}

/**
 * Reads a saved plan into a spool of its own, so that what was checked is what is applied.
 *
 * @throws E_PLAN_ALTERED, E_PLAN_EXPIRED, E_PLAN_FOREIGN, E_USAGE where it is no file, E_IO.
 */
export function loadPlan(
  files: Files,
  path: BytePath,
  key: Uint8Array,
  spoolPath: BytePath,
  request: LoadRequest,
): RestorePlan {
  refuseEndless(files, path)
  const spool = new SpoolWriter(files, spoolPath)
  try {
    const header = readPlan(files, path, createHmac('sha256', key), spool, request.repositoryId)
    spool.flush()
    checkAge(header, request)
    return { header, spoolPath, holders: null }
  } catch (error) {
    files.removeFile(spoolPath)
    throw error
  } finally {
    spool.close()
  }
}

/** A device may never end; a pipe from another command does. What is not there is for opening it to tell. */
function refuseEndless(files: Files, path: BytePath): void {
  const type = files.statusFollowing(path)?.type
  if (type === undefined || type === 'file' || type === 'fifo') return
  throw new BackupError(
    'E_USAGE',
    `the restore plan ${displayPath(path)} is not a file`,
    'name the file of a saved plan',
  )
}

/** All but the line with the hash, in a few large pieces. */
function* planPieces(files: Files, { header, spoolPath }: RestorePlan): Generator<Buffer> {
  const fields = Object.entries(header).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},`)
  yield Buffer.from(['{', ...fields, stepsStart].join('\n'))
  let before = firstBefore
  for (const batch of spoolLines(files, spoolPath)) {
    const pieces: Buffer[] = []
    for (const line of batch) {
      pieces.push(before, line)
      before = nextBefore
    }
    yield Buffer.concat(pieces)
  }
  yield Buffer.from(`\n${stepsEnd}\n`)
}

/** What stands before the first step, and before every other. */
const firstBefore = Buffer.from('\n')
const nextBefore = Buffer.from(',\n')

function readPlan(files: Files, path: BytePath, hmac: Hmac, spool: SpoolWriter, repositoryId: string): PlanHeader {
  let header: PlanHeader | null = null
  let headerText = ''
  let ended = false
  let hash: string | null = null
  let steps = 0
  for (const batch of planFileLines(files, path)) {
    for (const line of batch) {
      if (hash !== null) throw notIntact()
      if (ended) {
        hash = /^"hash":"([0-9a-f]{64})"\}$/.exec(line.toString('latin1'))?.[1] ?? null
        if (hash === null) throw notIntact()
        continue
      }
      hmac.update(line).update('\n')
      const text = line.length <= stepsStart.length ? line.toString('latin1') : ''
      if (header !== null) {
        if (text === stepsEnd) ended = true
        else {
          spool.bytes(line.at(-1) === 0x2c ? line.subarray(0, -1) : line)
          steps++
        }
      } else if (text === stepsStart) {
        header = parseHeader(headerText)
        if (header.repositoryId !== repositoryId) throw foreign(path)
      } else {
        headerText += line.toString('utf8')
        if (headerText.length > headerLimitBytes) throw notIntact()
      }
    }
  }
  if (header === null || hash === null || header.steps !== steps) throw notIntact()
  if (!timingSafeEqual(Buffer.from(hash, 'hex'), hmac.digest())) throw notIntact()
  return header
}

function* planFileLines(files: Files, path: BytePath): Generator<Buffer[]> {
  try {
    yield* spoolLines(files, path, 'read-following')
  } catch (error) {
    if (error instanceof BackupError && error.code === 'E_IO' && error.cause === undefined) throw notIntact()
    throw error
  }
}

function parseHeader(text: string): PlanHeader {
  let json: unknown
  try {
    json = JSON.parse(`${text.replace(/,$/, '')}}`)
  } catch {
    throw notIntact()
  }
  const parsed = planHeaderSchema.safeParse(json)
  if (!parsed.success) throw notIntact()
  return parsed.data
}

function checkAge(header: PlanHeader, { now, lifetimeMs }: LoadRequest): void {
  const end = lifetimeMs === undefined ? Date.parse(header.expiresAt) : Date.parse(header.createdAt) + lifetimeMs
  if (Date.parse(now) <= end) return
  throw new BackupError(
    'E_PLAN_EXPIRED',
    `the restore plan of ${header.createdAt} expired at ${new Date(end).toISOString()}`,
    'make the plan anew, or allow it more time with --plan-ttl',
  )
}

function foreign(path: BytePath): BackupError {
  return new BackupError(
    'E_PLAN_FOREIGN',
    `the restore plan ${displayPath(path)} was made for another repository`,
    'name that repository with --root',
  )
}

function notIntact(): BackupError {
  return new BackupError('E_PLAN_ALTERED', altered, makeAnew)
}
