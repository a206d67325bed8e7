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
    how: 'defaults of borg: lz4, --encryption repokey (AES-256-CTR with HMAC-SHA-256), key from a passphrase (PBKDF2), cache and configuration in BORG_BASE_DIR; verify is check --verify-data',
    start: () => one([borg, '--version']),
    prepare: (place) => [run(place, 'init', '--encryption', 'repokey')],
    backup: (place, source) => run(place, 'create', '::bench', source),
    restore: (place, _source, target) => ({ ...run(place, 'extract', '::bench'), directory: target }),
    readFile: (place, path) => run(place, 'extract', '--stdout', '::bench', path.slice(1)),
    listBackups: (place) => run(place, 'list'),
    listFiles: (place) => run(place, 'list', '::bench'),
    verify: (place) => run(place, 'check', '--verify-data'),
  }
}
