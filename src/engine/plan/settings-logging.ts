import type { LoggingSettings, LogLevel } from '../../model/configuration.ts'
import { logLevels } from '../../model/configuration-values.ts'
import type { BytePath } from '../../model/path.ts'
import {
  choose,
  inEnvironment,
  inFile,
  type Ledger,
  pathSaid,
  type SettingsSources,
  showPath,
} from './settings-sources.ts'

const defaultRotation = { sizeMib: 100, backups: 10 }

/** How the daemon tells what it does. */
export function planLogging(sources: SettingsSources, ledger: Ledger): LoggingSettings {
  const logging = sources.file?.document.monitoring?.logging
  const rotation = logging?.rotation
  const level = choose(
    ledger,
    'monitoring.logging.level',
    [
      inEnvironment(sources, 'BACKUP_RECOVERY_LOG_LEVEL'),
      inFile<string>(sources, 'monitoring.logging.level', logging?.level),
    ],
    'INFO',
  )
  const said = inFile(sources, 'monitoring.logging.file_path', logging?.file_path)
  const path = said === null ? null : { ...said, value: pathSaid(sources, said) }
  const show = (file: BytePath | null) => (file === null ? 'none' : showPath(file))
  const file = choose<BytePath | null>(ledger, 'monitoring.logging.file_path', [path], null, show)
  const size = choose(
    ledger,
    'monitoring.logging.rotation.size_mb',
    [inFile(sources, 'monitoring.logging.rotation.size_mb', rotation?.size_mb)],
    defaultRotation.sizeMib,
  )
  const backups = choose(
    ledger,
    'monitoring.logging.rotation.backup_count',
    [inFile(sources, 'monitoring.logging.rotation.backup_count', rotation?.backup_count)],
    defaultRotation.backups,
  )
  return {
    level: levelOf(level.value),
    file: file.value,
    rotation: { sizeBytes: Math.ceil(size.value * 1024 * 1024), backups: backups.value },
  }
}

function levelOf(said: string): LogLevel {
  switch (logLevels.find((level) => level === said.toUpperCase())) {
    case 'DEBUG':
      return 'debug'
    case 'WARNING':
      return 'warning'
    case 'ERROR':
    case 'CRITICAL':
      return 'error'
    default:
      return 'info'
  }
}
