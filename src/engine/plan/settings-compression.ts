import type { CompressionSettings } from '../../model/configuration.ts'
import type { compressionNames } from '../../model/configuration-values.ts'
import type { Compression } from '../../model/format.ts'
import {
  choose,
  inEnvironment,
  inFile,
  type Ledger,
  note,
  refuse,
  type Said,
  type SettingsSources,
} from './settings-sources.ts'

type Named = (typeof compressionNames)[number]
type Compressor = Exclude<Compression, 'none'>

const compressors: readonly Compressor[] = ['zstd', 'gzip', 'bzip2', 'xz']

/** What `speed_vs_size` means where no level is given; balanced is the algorithm's own default. */
const wishedLevels: Record<Compressor, { readonly speed_optimized: number; readonly size_optimized: number }> = {
  zstd: { speed_optimized: 1, size_optimized: 19 },
  gzip: { speed_optimized: 1, size_optimized: 9 },
  bzip2: { speed_optimized: 1, size_optimized: 9 },
  xz: { speed_optimized: 1, size_optimized: 9 },
}

/** The compression of new archives. Throws E_CONFIG for 7z and for an algorithm that the file itself forbids. */
export function planCompression(sources: SettingsSources, ledger: Ledger): CompressionSettings {
  return { algorithm: planAlgorithm(sources, ledger), levels: planLevels(sources, ledger) }
}

function planAlgorithm(sources: SettingsSources, ledger: Ledger): Compression {
  const document = sources.file?.document
  const variable = inEnvironment(sources, 'BACKUP_RECOVERY_COMPRESSION')
  const local = inFile<Named>(sources, 'storage.local.compression', document?.storage?.local?.compression)
  const usual = inFile<Named>(sources, 'compression.default_algorithm', document?.compression?.default_algorithm)
  const off = inFile<boolean>(
    sources,
    'compression.thresholds.compression_enabled',
    document?.compression?.thresholds?.compression_enabled,
  )
  const none: Said<Named> | null = off === null || off.value ? null : { ...off, value: 'none' }
  // checkVariables has seen that the variable holds one of the names
  const fromVariable: Said<Named> | null = variable === null ? null : { ...variable, value: variable.value as Named }

  for (const said of [fromVariable, local, usual])
    if (said?.value === '7z')
      throw refuse(
        said,
        'is 7z, which is not supported yet, because its header is written last and an archive could not be streamed',
        'use zstd, gzip, bzip2, xz or none',
      )
  const chosen = choose<Named>(ledger, 'compression.default_algorithm', [fromVariable, none, local, usual], 'zstd')
  for (const said of [local, usual])
    if (said !== null && chosen.from === 'file' && said.value !== chosen.value)
      ledger.notices.push(`${said.name}: ${said.value} is not used, because ${chosen.name} goes before it`)

  const algorithm = compressors.find((name) => name === chosen.value) ?? 'none'
  if (algorithm !== 'none' && document?.compression?.algorithms?.[algorithm]?.enabled === false)
    throw refuse(
      chosen,
      `comes to ${algorithm}, but compression.algorithms.${algorithm}.enabled is false`,
      'name an algorithm that is enabled',
    )
  return algorithm
}

function planLevels(sources: SettingsSources, ledger: Ledger): Record<Compressor, number | null> {
  const levels: Record<Compressor, number | null> = { zstd: null, gzip: null, bzip2: null, xz: null }
  for (const name of compressors) {
    const asked = sources.file?.document.compression?.algorithms?.[name]
    const key = `compression.algorithms.${name}`
    const wish = asked?.speed_vs_size
    const level = inFile(sources, `${key}.compression_level`, asked?.compression_level)
    const wished = wish === undefined || wish === 'balanced' ? undefined : wishedLevels[name][wish]
    const said = level ?? inFile(sources, `${key}.speed_vs_size`, wished)
    if (said === null) continue
    levels[name] = said.value
    note(ledger, `${key}.compression_level`, String(said.value), said)
  }
  return levels
}
