import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What Debian calls the package that brings a command. */
const packages: Record<string, string> = {
  bsdtar: 'libarchive-tools',
  setfacl: 'acl',
  getfacl: 'acl',
  setfattr: 'attr',
  getfattr: 'attr',
  xz: 'xz-utils',
  bzip2: 'bzip2',
  zstd: 'zstd',
  tar: 'tar',
  python3: 'python3',
}

/**
 * Whether a test's command, or `root`, is there; a test without it is skipped under its name. With REQUIRE_ALL=1
 * nothing is skipped: what is missing throws.
 */
export function requirement(name: string): boolean {
  const met = name === 'root' ? process.getuid?.() === 0 : isInstalled(name)
  if (!met && process.env['REQUIRE_ALL'] === '1')
    throw new Error(
      name === 'root' ? 'this test needs root' : `this test needs ${name}: apt-get install ${packages[name] ?? name}`,
    )
  return met
}

function isInstalled(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
