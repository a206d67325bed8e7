import { spawnSync } from 'node:child_process'

/** What the tests need of the system. As root on Debian it is installed; elsewhere the tests that need it are skipped by name. */
const needed: Record<string, string> = {
  getfattr: 'attr',
  setfacl: 'acl',
  bsdtar: 'libarchive-tools',
  zstd: 'zstd',
  xz: 'xz-utils',
  bzip2: 'bzip2',
  python3: 'python3',
  git: 'git',
  setpriv: 'util-linux',
  script: 'bsdutils',
}

const isThere = (command: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0

const missing = Object.entries(needed).filter(([command]) => !isThere(command))
if (missing.length > 0 && process.getuid?.() === 0 && isThere('apt-get')) {
  const packages = [...new Set(missing.map(([, name]) => name))]
  console.log(`installing what the tests need: ${packages.join(' ')}`)
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  spawnSync('apt-get', ['update', '-qq'], options)
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options)
}
for (const [command, name] of missing) {
  if (!isThere(command)) console.log(`not installed: ${command} (${name}); tests that need it are skipped`)
}
