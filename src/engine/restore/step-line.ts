import * as z from 'zod'
import { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import {
  jsonPathSchema,
  pathFromJson,
  type RefuseReason,
  type Replaced,
  type RestoreStep,
  type RestoreStepKind,
  refuseReasons,
} from '../../model/restore.ts'
import type { TocEntry } from '../../model/toc.ts'
import { type OutsideList, parseTocLine } from '../archive/toc-line.ts'
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
  /** Its directory is made by this restore: nothing can stand there. */
  readonly fresh: boolean
  readonly replaces: Replaced | null
  /** Null where applying needs no more than the path. */
  readonly entry: TocEntry | null
  /** Where the archive keeps the entry's chunk list, if not in the entry. */
  readonly outside: OutsideList | null
  readonly to: BytePath | null
  readonly as: BytePath | null
  readonly because: string | null
}

export interface Planned {
  readonly step: RestoreStep
  readonly archive: number
  readonly fresh: boolean
}

/** Bytes that applying a step writes. */
export function bytesOfStep(step: RestoreStep): number {
  if (step.kind !== 'write-file' && step.kind !== 'write-beside') return 0
  return step.entry.type === 'file' || step.entry.type === 'hardlink' ? storedBytesOf(step.entry) : 0
}

/** Without the line feed. `line` is the entry's own line in the archive. */
export function encodeStep({ step, archive, fresh }: Planned, line: string): string {
  const start = `{"step":"${step.kind}","bytes":${bytesOfStep(step)}`
  const directory = 'entry' in step && step.entry.type === 'directory' ? directoryMark : ''
  const head = `${start}${directory}${fresh ? ',"fresh":1' : ''}`
  switch (step.kind) {
    case 'make-parent':
      return `${head},"path":${JSON.stringify(jsonPath(step.path))}}`
    case 'refuse':
      return `${head},"path":${JSON.stringify(jsonPath(step.path))},"because":"${step.because}"}`
    case 'unchanged':
    case 'keep': {
      const because = step.kind === 'keep' ? `,"because":"${step.because}"` : ''
      const seen = `${because},"replaces":${encodeReplaced(step.replaces)}`
      // A directory's time is set again after what lies in it was written; of others the path is enough.
      if (step.entry.type === 'directory') return `${head}${seen},"archive":${archive},"entry":${line}}`
      return `${head}${seen},"path":${JSON.stringify(jsonPath(step.entry.path))}}`
    }
    default: {
      const replaces = step.replaces === null ? '' : `,"replaces":${encodeReplaced(step.replaces)}`
      const to = step.kind === 'make-hardlink' ? `,"to":${JSON.stringify(jsonPath(step.to))}` : ''
      const as = step.kind === 'write-beside' ? `,"as":${JSON.stringify(jsonPath(step.as))}` : ''
      return `${head}${replaces}${to}${as},"archive":${archive},"entry":${line}}`
    }
  }
}

const directoryMark = ',"directory":1'

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
  'refuse',
] as const satisfies readonly RestoreStepKind[]

const fileTypes = ['file', 'directory', 'symlink', 'fifo', 'char-device', 'block-device', 'socket'] as const
const integerText = z.string().regex(/^-?\d{1,20}$/)
const headSchema = z.object({
  step: z.enum(kinds),
  bytes: z.int().min(0),
  directory: z.literal(1).optional(),
  fresh: z.literal(1).optional(),
  path: jsonPathSchema.optional(),
  because: z.enum([...refuseReasons, 'exists', 'newer']).optional(),
  replaces: z
    .tuple([z.enum(fileTypes), z.int().min(0), integerText, integerText, integerText, z.int().min(0)])
    .optional(),
  to: jsonPathSchema.optional(),
  as: jsonPathSchema.optional(),
  archive: z.int().min(0).optional(),
})

const entryKey = ',"entry":'

/** @throws E_PLAN_ALTERED where the line is no step. */
export function decodeStep(text: string): SpooledStep {
  const at = text.indexOf(entryKey)
  const head = parseHead(at < 0 ? text : `${text.slice(0, at)}}`)
  const parsed = at < 0 ? null : parseTocLine(text.slice(at + entryKey.length, -1))
  const path = parsed?.entry.path ?? (head.path === undefined ? null : pathFromJson(head.path))
  if (path === null) throw notAStep()
  return {
    kind: head.step,
    path,
    archive: head.archive ?? 0,
    fresh: head.fresh === 1,
    replaces: head.replaces === undefined ? null : decodeReplaced(head.replaces),
    entry: parsed?.entry ?? null,
    outside: parsed?.outside ?? null,
    to: head.to === undefined ? null : pathFromJson(head.to),
    as: head.as === undefined ? null : pathFromJson(head.as),
    because: head.because ?? null,
  }
}

const kindStart = '{"step":"'.length
const quote = 0x22
const kindByName = new Map<string, RestoreStepKind>(kinds.map((kind) => [kind, kind]))

export interface StepSummary {
  readonly kind: RestoreStepKind
  readonly bytes: number
  readonly isDirectory: boolean
}

/** What a line begins with, and nothing more. @throws E_PLAN_ALTERED. */
export function peekStep(line: Buffer): StepSummary {
  const end = line.indexOf(quote, kindStart)
  const kind = end < 0 ? undefined : kindByName.get(line.toString('latin1', kindStart, end))
  if (kind === undefined) throw notAStep()
  let bytes = 0
  let at = end + '","bytes":'.length
  for (; ; at++) {
    const digit = (line[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) break
    bytes = bytes * 10 + digit
  }
  const isDirectory = line[at + 2] === directoryMark.charCodeAt(2) && kind !== 'make-parent'
  return { kind, bytes, isDirectory }
}

export function refusalOf(step: SpooledStep): RefuseReason {
  return step.because as RefuseReason // the schema lets nothing else stand in a refusal
}

function parseHead(text: string): z.infer<typeof headSchema> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw notAStep()
  }
  const parsed = headSchema.safeParse(json)
  if (!parsed.success) throw notAStep()
  return parsed.data
}

function encodeReplaced({ type, sizeBytes, mtimeNs, ctimeNs, inode, links }: Replaced): string {
  return `["${type}",${sizeBytes},"${mtimeNs}","${ctimeNs}","${inode}",${links}]`
}

function decodeReplaced(tuple: NonNullable<z.infer<typeof headSchema>['replaces']>): Replaced {
  const [type, sizeBytes, mtimeNs, ctimeNs, inode, links] = tuple
  return { type, sizeBytes, mtimeNs: BigInt(mtimeNs), ctimeNs: BigInt(ctimeNs), inode: BigInt(inode), links }
}

function notAStep(): BackupError {
  return new BackupError('E_PLAN_ALTERED', 'a step of the restore plan is malformed', 'make the plan anew')
}
