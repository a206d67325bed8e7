import { findProgram, firstLine } from '../find-program.ts'
import { type MissingTool, one, type Place, type Tool } from '../tool.ts'

export function findBorg(): Tool | MissingTool {
  const borg = findProgram('borg')
  if (borg === null) return { name: 'borg', install: 'the Debian package borgbackup' }
  const run = (place: Place, ...args: string[]) =>
    one([borg, ...args], {
      BORG_REPO: place.repository,
      BORG_PASSPHRASE: 'a passphrase of the bench',
      BORG_BASE_DIR: place.cache,
    })
  return {
    name: 'borg',
    version: firstLine([borg, '--version']),
    encrypted: true,
    how: 'defaults of borg: lz4, --encryption repokey (AES-256-CTR with HMAC-SHA-256), key from a passphrase (PBKDF2), cache and configuration in BORG_BASE_DIR; incrementals are create again, with its files cache; verify is check --verify-data',
    start: () => one([borg, '--version']),
    prepare: (place) => [run(place, 'init', '--encryption', 'repokey')],
    backup: (place, source, label = 'bench') => run(place, 'create', `::${label}`, source),
    backupAgain: (place, source, label) => run(place, 'create', `::${label}`, source),
    backupName: (_output, label) => label,
    storedNothing: () => null,
    restore: (place, _source, target, backup = 'bench') => ({
      ...run(place, 'extract', `::${backup}`),
      directory: target,
    }),
    restoreFile: (place, path, target, backup) => ({
      ...run(place, 'extract', `::${backup}`, path.slice(1)),
      directory: target,
    }),
    readFile: (place, path) => run(place, 'extract', '--stdout', '::bench', path.slice(1)),
    listBackups: (place) => run(place, 'list'),
    listFiles: (place) => run(place, 'list', '::bench'),
    verify: (place) => run(place, 'check', '--verify-data'),
  }
}
