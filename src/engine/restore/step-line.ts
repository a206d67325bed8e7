import { BackupError } from '../../model/errors.ts'
import { type BytePath, type JsonPath, pathFromJson, pathFromText, rootPath } from '../../model/path.ts'
import type { Replaced, RestoreStep, RestoreStepKind } from '../../model/restore.ts'
import type { TocContent, TocEntry } from '../../model/toc.ts'
import { parseChunks } from '../archive/parse-toc-line.ts'
import type { OutsideList } from '../archive/toc-line.ts'
import { jsonPath } from '../archive/toc-pages.ts'
import { storedBytesOf } from '../plan/restore-plan.ts'

/**
 * One step as a line of JSON, in the spool and in the plan file. It begins with the step's kind and its bytes, so that
 * steps can be dealt out without being parsed, and ends with the entry exactly as the archive has it.
 */
export interface SpooledStep {
  readonly kind: RestoreStepKind
  readonly path: BytePath
  /** Number of the archive that has the entry. */
  readonly archive: number
  /** Ordinal of the archive that stores the entry's line: what a holder of 0 means. */
  readonly home: number
  /** Its directory is made by this restore: nothing can stand there. */
  readonly fresh: boolean
  /** What it replaces is lost to nobody: a backup has it. */
  readonly spare: boolean
  /** Done after all others, and what stands there is taken away before them. */
  readonly last: boolean
  readonly replaces: Replaced | null
  /** Null where applying needs no more than the path. */
  readonly entry: RestorableEntry | null
  /** Where the archive keeps the entry's chunk list, if not in the entry. */
  readonly outside: OutsideList | null
  readonly to: BytePath | null
  readonly as: BytePath | null
  readonly because: string | null
}

export interface Planned {
  readonly step: RestoreStep
  readonly archive: number
  readonly home: number
  readonly fresh: boolean
  readonly spare?: boolean
  readonly last?: boolean
  /** The step's entry has another owner than `line`. */
  readonly owned?: boolean
}

/** Bytes that applying a step writes. */
export function bytesOfStep(step: RestoreStep): number {
  if (step.kind !== 'write-file' && step.kind !== 'write-beside') return 0
  return step.entry.type === 'file' || step.entry.type === 'hardlink' ? storedBytesOf(step.entry) : 0
}

/** Where in the archive the content begins: neighbours that share a frame have the same. 0 without content. */
function placeOf(step: RestoreStep): number {
  const content = 'entry' in step ? step.entry.content : null
  return content?.kind === 'extent' ? content.extent.offset : 0
}

/** Without the line feed. `line` is the entry's own line in the archive. */
export function encodeStep({ step, archive, home, fresh, spare, last, owned }: Planned, line: string): string {
  const start = `{"step":"${step.kind}","bytes":${bytesOfStep(step)},"at":${placeOf(step)}`
  const type = 'entry' in step ? step.entry.type : step.kind === 'remove' ? step.replaces.type : null
  const directory = type === 'directory' ? directoryMark : ''
  const owner = owned && 'entry' in step ? `,"owner":[${step.entry.uid},${step.entry.gid}]` : ''
  const head = `${start}${directory}${fresh ? ',"fresh":1' : ''}${spare ? ',"spare":1' : ''}${last ? lastMark : ''}${owner}`
  switch (step.kind) {
    case 'make-parent':
      return `${head},"path":${JSON.stringify(jsonPath(step.path))}}`
    case 'refuse':
      return `${head},"path":${JSON.stringify(jsonPath(step.path))},"because":"${step.because}"}`
    case 'remove':
      return `${head},"replaces":${encodeReplaced(step.replaces)},"path":${JSON.stringify(jsonPath(step.path))}}`
    case 'unchanged':
    case 'keep': {
      const because = step.kind === 'keep' ? `,"because":"${step.because}"` : ''
      const seen = `${because},"replaces":${encodeReplaced(step.replaces)}`
      // A directory's time is set again after what lies in it was written; of others the path is enough.
      if (step.entry.type === 'directory') return `${head}${seen},"archive":${archive},"home":${home},"entry":${line}}`
      return `${head}${seen},"path":${JSON.stringify(jsonPath(step.entry.path))}}`
    }
    default: {
      const replaces = step.replaces === null ? '' : `,"replaces":${encodeReplaced(step.replaces)}`
      const to = step.kind === 'make-hardlink' ? `,"to":${JSON.stringify(jsonPath(step.to))}` : ''
      const as = step.kind === 'write-beside' ? `,"as":${JSON.stringify(jsonPath(step.as))}` : ''
      return `${head}${replaces}${to}${as},"archive":${archive},"home":${home},"entry":${line}}`
    }
  }
}

const directoryMark = ',"directory":1'
const lastMark = ',"last":1'

const kinds = [
  'make-parent',
  'make-directory',
  'write-file',
  'make-symlink',
  'make-hardlink',
  'make-special',
  'set-attributes',
  'write-beside',
  'unchanged',
  'keep',
  'remove',
  'refuse',
] as const satisfies readonly RestoreStepKind[]

/** What applying a step needs of an entry. */
export type RestorableEntry = Pick<
  TocEntry,
  | 'path'
  | 'type'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'sizeBytes'
  | 'mtimeNs'
  | 'deviceNumber'
  | 'linkTarget'
  | 'sha256'
  | 'content'
  | 'xattrs'
  | 'acl'
  | 'sparse'
>

/** A line as `encodeStep` wrote it, around an entry's line that parseTocLine has let through. */
interface StepJson {
  readonly step: RestoreStepKind
  readonly fresh?: 1
  readonly spare?: 1
  readonly last?: 1
  /** Instead of the entry's own. */
  readonly owner?: readonly [number, number]
  readonly path?: JsonPath
  readonly because?: string
  readonly replaces?: readonly [Replaced['type'], number, string, string, string, number]
  readonly to?: JsonPath
  readonly as?: JsonPath
  readonly archive?: number
  readonly home?: number
  readonly entry?: EntryJson
}

interface EntryJson {
  readonly p?: string
  readonly pb?: string
  readonly t: string
  readonly m: number
  readonly u: number
  readonly g: number
  readonly s?: number
  readonly mt: string
  readonly rd?: readonly [number, number]
  readonly l?: string
  readonly lb?: string
  readonly h?: string
  readonly x?: readonly [number, number, number]
  readonly r?: number
  readonly ck?: unknown
  readonly ckx?: readonly [number, number, number, number]
  readonly xa?: Record<string, string>
  readonly acl?: { readonly access?: string; readonly default?: string }
  readonly sp?: readonly (readonly [number, number])[]
}

/**
 * Reads a step that this restore wrote or whose plan's hash was checked: nothing is validated a second time, for this
 * is done for every file.
 *
 * @throws E_PLAN_ALTERED where the line is no step.
 */
export function decodeStep(text: string): SpooledStep {
  try {
    return stepFrom(JSON.parse(text) as StepJson) // written by encodeStep
  } catch {
    throw notAStep()
  }
}

function stepFrom(json: StepJson): SpooledStep {
  const entry = json.entry === undefined ? null : entryFrom(json.entry, json.owner)
  const path = entry?.path ?? (json.path === undefined ? null : pathFromJson(json.path))
  if (path === null || !kindByName.has(json.step)) throw notAStep()
  const outside = json.entry?.ckx
  return {
    kind: json.step,
    path,
    archive: json.archive ?? 0,
    home: json.home ?? 0,
    fresh: json.fresh === 1,
    spare: json.spare === 1,
    last: json.last === 1,
    replaces: json.replaces === undefined ? null : decodeReplaced(json.replaces),
    entry,
    outside:
      outside === undefined
        ? null
        : { offset: outside[0], compressedBytes: outside[1], inner: outside[2], length: outside[3] },
    to: json.to === undefined ? null : pathFromJson(json.to),
    as: json.as === undefined ? null : pathFromJson(json.as),
    because: json.because ?? null,
  }
}

const typeOf: Record<string, TocEntry['type']> = {
  f: 'file',
  d: 'directory',
  l: 'symlink',
  h: 'hardlink',
  c: 'char-device',
  b: 'block-device',
  p: 'fifo',
}

function entryFrom(json: EntryJson, [uid, gid]: readonly [number, number] = [json.u, json.g]): RestorableEntry {
  return {
    path: pathMember(json.p, json.pb) ?? rootPath,
    type: typeOf[json.t] ?? 'unknown',
    mode: json.m,
    uid,
    gid,
    sizeBytes: json.s ?? 0,
    mtimeNs: BigInt(json.mt),
    deviceNumber: json.rd === undefined ? null : { major: json.rd[0], minor: json.rd[1] },
    linkTarget: pathMember(json.l, json.lb),
    sha256: json.h ?? null,
    content: contentFrom(json),
    xattrs:
      json.xa === undefined
        ? noXattrs
        : new Map(Object.entries(json.xa).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    acl: json.acl ?? null,
    sparse: json.sp ?? null,
  }
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map()

function contentFrom({ ck, x, r }: EntryJson): TocContent {
  if (ck !== undefined) return { kind: 'chunks', chunks: parseChunks(ck) ?? [] }
  if (x === undefined) return { kind: 'none' }
  return { kind: 'extent', holder: r ?? 0, extent: { offset: x[0], compressedBytes: x[1], inner: x[2] } }
}

function pathMember(text: string | undefined, base64: string | undefined): BytePath | null {
  if (text !== undefined) return pathFromText(text)
  return base64 === undefined ? null : pathFromJson({ pb: base64 })
}

const kindStart = '{"step":"'.length
const quote = 0x22
const kindByName = new Map<string, RestoreStepKind>(kinds.map((kind) => [kind, kind]))

export interface StepSummary {
  readonly kind: RestoreStepKind
  readonly bytes: number
  /** Where in the archive its content begins. */
  readonly at: number
  readonly isDirectory: boolean
}

/** What a line begins with, and nothing more. @throws E_PLAN_ALTERED. */
export function peekStep(line: Buffer): StepSummary {
  const end = line.indexOf(quote, kindStart)
  const kind = end < 0 ? undefined : kindByName.get(line.toString('latin1', kindStart, end))
  if (kind === undefined) throw notAStep()
  const bytes = numberAt(line, end + '","bytes":'.length)
  const at = numberAt(line, bytes.end + ',"at":'.length)
  return {
    kind,
    bytes: bytes.value,
    at: at.value,
    isDirectory: line[at.end + 2] === directoryMark.charCodeAt(2),
  }
}

/** Whether the step is done after all others; asked for only where a plan has such. */
export function isLast(line: Buffer): boolean {
  const at = line.indexOf(lastMark)
  return at >= 0 && at < line.indexOf('"path":') >>> 0 && at < line.indexOf('"entry":') >>> 0
}

function numberAt(line: Buffer, start: number): { value: number; end: number } {
  let value = 0
  let end = start
  for (; ; end++) {
    const digit = (line[end] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return { value, end }
    value = value * 10 + digit
  }
}

function encodeReplaced({ type, sizeBytes, mtimeNs, ctimeNs, inode, links }: Replaced): string {
  return `["${type}",${sizeBytes},"${mtimeNs}","${ctimeNs}","${inode}",${links}]`
}

function decodeReplaced(tuple: NonNullable<StepJson['replaces']>): Replaced {
  const [type, sizeBytes, mtimeNs, ctimeNs, inode, links] = tuple
  return { type, sizeBytes, mtimeNs: BigInt(mtimeNs), ctimeNs: BigInt(ctimeNs), inode: BigInt(inode), links }
}

function notAStep(): BackupError {
  return new BackupError('E_PLAN_ALTERED', 'a step of the restore plan is malformed', 'make the plan anew')
}
