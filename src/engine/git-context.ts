import { type BytePath, joinPath, parentOf, pathToText } from '../model/path.ts'
import type { Files } from '../model/ports.ts'

/** Where a source lies in a git work tree: what it was when it was backed up. */
export type GitContext = {
  readonly path: string
  /** Without user name, password or token. */
  readonly remote: string | null
  readonly branch: string | null
  readonly commit: string | null
}

/** Null outside a work tree, and where git is not installed or does not answer. */
export async function gitContext(files: Files, path: BytePath): Promise<GitContext | null> {
  const text = pathToText(path)
  if (text === null || !liesInWorkTree(files, path)) return null
  const directory = files.status(path)?.type === 'directory' ? text : (pathToText(parentOf(path)) ?? '/')
  const { execa } = await import('execa') // most commands never need it
  const ask = async (...args: string[]): Promise<string | null> => {
    // The work tree may be anybody's: nothing it configures may run a program, and its owner need not be us.
    const flags = [
      '-c',
      'safe.directory=*',
      '-c',
      'core.fsmonitor=false',
      '-c',
      'core.hooksPath=/dev/null',
      '-C',
      directory,
    ]
    const { stdout, failed } = await execa('git', [...flags, ...args], {
      reject: false,
      timeout: 5000,
      stdin: 'ignore',
      env: { GIT_OPTIONAL_LOCKS: '0' },
    })
    return failed || stdout === '' ? null : stdout
  }
  const commit = await ask('rev-parse', '--verify', 'HEAD')
  const branch = await ask('symbolic-ref', '--short', '-q', 'HEAD')
  const remote = await ask('remote', 'get-url', 'origin')
  if (commit === null && branch === null) return null
  return { path: text, remote: remote === null ? null : withoutCredentials(remote), branch, commit }
}

/**
 * `https://user:token@host/x?token=y` becomes `https://host/x`; `git@host:x` keeps its user, which is no secret, as
 * does a path, where a question mark begins no query.
 */
export function withoutCredentials(remote: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/]*@)?/i.exec(remote)
  if (scheme === null) return remote
  return `${scheme[1]}${remote.slice(scheme[0].length).replace(/[?#].*$/s, '')}`
}

function liesInWorkTree(files: Files, path: BytePath): boolean {
  for (let at: BytePath = path; at !== ''; at = parentOf(at)) {
    try {
      if (files.status(joinPath(at, '.git' as BytePath)) !== undefined) return true
    } catch {
      return false
    }
  }
  return false
}
