import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { rawKey, recoverPython } from '../e2e/stage.ts'

/** What can be said of one name on disk. Empty where its type has no such thing. */
export interface Sight {
  readonly type: string
  readonly mode: string
  readonly owner: string
  /** Nanoseconds. */
  readonly mtime: string
  readonly xattrs: string
  /** Size and SHA-256 of a file, target of a symlink. */
  readonly content?: string
  /** The first name of the same inode. */
  readonly sameAs?: string
}
/** By names relative to the top, whose own is empty; empty where there is nothing. */
export type Tree = Readonly<Record<string, Sight>>

export interface Recovered {
  /** recover.py's exit code. */
  readonly code: number
  readonly notes: string
  readonly tree: Tree
}

/** Who judges: a process that shares no line with the engine, not even its language. */
export class Witness {
  readonly #process: ChildProcess
  #answers: { resolve(line: unknown): void; reject(error: Error): void }[] = []

  /** Scratch files go below `directory`. */
  constructor(directory: string) {
    const script = fileURLToPath(new URL('witness.py', import.meta.url))
    this.#process = spawn('python3', [script, recoverPython], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], BACKUP_ENCRYPTION_KEY: rawKey, TMPDIR: directory, LANG: 'C.UTF-8' },
    })
    createInterface({ input: this.#process.stdout! }).on('line', (line) =>
      this.#answers.shift()?.resolve(JSON.parse(line)),
    )
    this.#process.on('close', (code) => {
      for (const { reject } of this.#answers.splice(0)) reject(new Error(`witness.py ended with ${code}`))
    })
  }

  describe(path: string): Promise<Tree> {
    return this.#ask<Tree>({ describe: path })
  }

  /** What recover.py makes of an archive, below the stored path `below`. */
  restore(archive: string, below: string): Promise<Recovered> {
    return this.#ask<Recovered>({ restore: archive, below })
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('close', resolve))
    this.#process.stdin?.end()
    await ended
  }

  #ask<Told>(question: object): Promise<Told> {
    return new Promise((resolve, reject) => {
      this.#answers.push({ resolve: (told) => resolve(told as Told), reject }) // witness.py says it so
      this.#process.stdin?.write(`${JSON.stringify(question)}\n`)
    })
  }
}

/** What `actual` has otherwise than `expected`, a line each; an attribute in `ignored` may be any. */
export function differences(expected: Tree, actual: Tree, ignored: readonly (keyof Sight)[] = []): string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)])
  return [...names].sort().flatMap((name) => {
    const [one, other] = [expected[name], actual[name]]
    if (one === undefined) return [`${name || '.'}: added`]
    if (other === undefined) return [`${name || '.'}: missing`]
    const what = sightKeys.filter((key) => !ignored.includes(key) && one[key] !== other[key])
    return what.map((key) => `${name || '.'}: ${key} ${one[key]} became ${other[key]}`)
  })
}

const sightKeys: readonly (keyof Sight)[] = ['type', 'mode', 'owner', 'mtime', 'xattrs', 'content', 'sameAs']

/**
 * What of a tree that somebody was at work in is neither as before nor as it should become. A file is one or the
 * other as a whole; of what has the same content before and after, and of symlinks and directories, each attribute is
 * (a directory's time is given back last, and may be any until then).
 */
export function strangers(before: Tree, after: Tree, now: Tree): string[] {
  return Object.entries(now).flatMap(([name, sight]) => {
    const [old, wanted] = [before[name], after[name]]
    const candidates = [old, wanted].filter((one) => one !== undefined)
    if (candidates.length === 0) return [`${name}: belongs to neither`]
    const sameContent = candidates.filter(({ type, content }) => type === sight.type && content === sight.content)
    if (sameContent.length === 0) return [`${name}: torn: ${sight.type} ${sight.content}`]
    if (sight.type === 'directory' || sight.type === 'symlink') return []
    const keys = ['mode', 'owner', 'mtime', 'xattrs'] as const
    if (sameContent.length === 1)
      return keys.filter((key) => sameContent[0]![key] !== sight[key]).map((key) => `${name}: ${key} is ${sight[key]}`)
    return keys
      .filter((key) => sameContent.every((one) => one[key] !== sight[key]))
      .map((key) => `${name}: ${key} is neither: ${sight[key]}`)
  })
}

/** What was there before and is to be there afterwards, and is gone. */
export function lost(before: Tree, after: Tree, now: Tree): string[] {
  return Object.keys(before)
    .filter((name) => after[name] !== undefined && now[name] === undefined)
    .map((name) => `${name}: was there, should be, and is gone`)
}

/** What a killed restore had not yet renamed has a name of its own; that it goes away is for the next run to show. */
export function withoutTemporaries(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([name]) => !/(^|\/)\.hf-[^/]*$/.test(name)))
}
