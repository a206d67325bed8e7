import { findProgram, firstLine } from '../find-program.ts'
import { type MissingTool, one, type Place, type Tool } from '../tool.ts'

export function findRestic(): Tool | MissingTool {
  const restic = findProgram('restic')
  if (restic === null) return { name: 'restic', install: 'the Debian package restic' }
  const run = (place: Place, ...args: string[]) =>
    one([restic, ...args], {
      RESTIC_REPOSITORY: place.repository,
      RESTIC_PASSWORD: 'a passphrase of the bench',
      RESTIC_CACHE_DIR: place.cache,
    })
  return {
    name: 'restic',
    version: firstLine([restic, 'version']),
    encrypted: true,
    how: 'defaults of restic: compression auto (zstd), encrypted (AES-256-CTR with Poly1305), key from a passphrase (scrypt), cache in RESTIC_CACHE_DIR; incrementals are backup again, which finds its parent; verify is check --read-data',
    start: () => one([restic, 'version']),
    prepare: (place) => [run(place, 'init')],
    backup: (place, source) => run(place, 'backup', source),
    backupAgain: (place, source) => run(place, 'backup', source),
    backupName: (output) => /^snapshot ([0-9a-f]+) saved$/m.exec(output)?.[1] ?? 'latest',
    storedNothing: (output) => /^Files: +0 new, +0 changed,/m.test(output),
    restore: (place, _source, target, backup = 'latest') => run(place, 'restore', backup, '--target', target),
    restoreFile: (place, path, target, backup) => run(place, 'restore', backup, '--target', target, '--include', path),
    readFile: (place, path) => run(place, 'dump', 'latest', path),
    listBackups: (place) => run(place, 'snapshots'),
    listFiles: (place) => run(place, 'ls', 'latest'),
    verify: (place) => run(place, 'check', '--read-data'),
  }
}
