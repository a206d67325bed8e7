import { findProgram, firstLine } from '../find-program.ts'
import { type MissingTool, one, type Place, type Tool } from '../tool.ts'

export function findTarZstd(): Tool | MissingTool {
  const tar = findProgram('tar')
  const zstd = findProgram('zstd')
  const name = 'tar-zstd'
  if (tar === null || zstd === null) return { name, install: `the Debian package ${tar === null ? 'tar' : 'zstd'}` }
  const unpacked = (place: Place): readonly string[] => [zstd, '-dcq', place.repository]
  return {
    name,
    version: `tar ${numberIn(firstLine([tar, '--version']))}, zstd ${numberIn(firstLine([zstd, '--version']))}`,
    encrypted: false,
    how: 'tar | zstd -T2 -3 and zstd -dc | tar: NOT encrypted, no index, no synchronisation with the disk; verify is zstd -t',
    start: () => one([zstd, '--version']),
    prepare: () => [],
    backup: (place, source) => ({
      stages: [
        [tar, '-C', '/', '-cf', '-', source.slice(1)],
        [zstd, '-T2', '-3', '-q', '-o', place.repository],
      ],
    }),
    backupAgain: null,
    backupName: (_output, label) => label,
    storedNothing: () => null,
    restore: (place, _source, target) => ({ stages: [unpacked(place), [tar, '-C', target, '-xf', '-']] }),
    restoreFile: (place, path, target) => ({
      stages: [unpacked(place), [tar, '-C', target, '-xf', '-', path.slice(1)]],
    }),
    readFile: (place, path) => ({ stages: [unpacked(place), [tar, '-xOf', '-', path.slice(1)]] }),
    listBackups: () => null,
    listFiles: (place) => ({ stages: [unpacked(place), [tar, '-tf', '-']] }),
    verify: (place) => ({ stages: [[zstd, '-tq', place.repository]] }),
  }
}

/** zstd prints a line of asterisks around its version. */
function numberIn(text: string): string {
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? text
}
