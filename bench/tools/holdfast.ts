import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { findProgram, firstLine } from '../find-program.ts'
import { type MissingTool, one, type Place, type Tool } from '../tool.ts'

/** The name every ratio is taken against. */
export const holdfastName = 'holdfast'
/** The same program with a passphrase for its key, which restic and borg have always: each start derives the key. */
export const holdfastPassphraseName = 'holdfast-passphrase'

/** 64 hex digits are a raw key, as the key file that `holdfast init` makes holds one. */
const rawKey = '00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210'

export function findHoldfast(program: string, key: 'raw' | 'passphrase'): Tool | MissingTool {
  const name = key === 'raw' ? holdfastName : holdfastPassphraseName
  try {
    accessSync(program, constants.X_OK)
  } catch {
    return { name, install: `a build of this checkout; ${program} cannot be run (--holdfast names another)` }
  }
  const secret = { BACKUP_ENCRYPTION_KEY: key === 'raw' ? rawKey : 'a passphrase of the bench' }
  const run = (place: Place, command: string, ...args: string[]) =>
    one([program, command, '--root', place.repository, ...args], secret)
  return {
    name,
    version: `holdfast ${firstLine([program, '--version']).replace(/^holdfast /, '')}${checkoutOf(program)}`,
    encrypted: true,
    how: `defaults of holdfast: zstd, AES-256-GCM, ${
      key === 'raw' ? 'a raw key of 256 bits, as init makes one' : 'key from a passphrase (scrypt)'
    }, in BACKUP_ENCRYPTION_KEY; incrementals are create --type incremental; verify is verify --level full`,
    start: () => one([program, '--version']),
    prepare: (place) => [run(place, 'init')],
    backup: (place, source) => run(place, 'create', source),
    backupAgain: (place, source) => run(place, 'create', '--type', 'incremental', source),
    backupName: (output) => /^backup (\S+)$/m.exec(output)?.[1] ?? 'latest',
    storedNothing: (output) => {
      const backedUp = /^files: [\d,]+, (.+)$/m.exec(output)?.[1]
      return backedUp !== undefined && backedUp === /^reused: (.+)$/m.exec(output)?.[1]
    },
    restore: (place, _source, target, backup = 'latest') => run(place, 'restore', backup, '--target', target),
    restoreFile: (place, path, target, backup) => run(place, 'restore', backup, '--path', path, '--target', target),
    readFile: (place, path) => run(place, 'cat', 'latest', path),
    listBackups: (place) => run(place, 'list'),
    listFiles: (place) => run(place, 'inspect', 'latest'),
    verify: (place) => run(place, 'verify', 'latest', '--level', 'full'),
  }
}

/** ` (commit 1a2b3c4, changed)` where the program lies in a checkout. */
function checkoutOf(program: string): string {
  const git = findProgram('git')
  if (git === null) return ''
  const ask = (...args: string[]) => firstLine([git, '-C', dirname(program), ...args])
  try {
    const changed = ask('status', '--porcelain', '--untracked-files=no') !== ''
    return ` (commit ${ask('rev-parse', '--short', 'HEAD')}${changed ? ', changed' : ''})`
  } catch {
    return ''
  }
}
