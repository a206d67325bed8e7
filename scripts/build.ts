import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'

/**
 * Bundles src/ into dist/. Every file is written beside and renamed, chunks (whose names are hashes of what they hold)
 * before the entries that name them: two builds at once do not collide, and a program that runs meanwhile still finds
 * the chunks it was built with. dist/.built comes last and bears the time at which the build began.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const keepStrayMs = 24 * 60 * 60 * 1000
const began = new Date()

/**
 * Yoga asks fetch for the WebAssembly it carries as a data: URL, and for that Node loads all of its HTTP client: 50 ms
 * before the console's first picture. Without a fetch it decodes the text itself.
 */
const yogaWithoutFetch: Plugin = {
  name: 'yoga-without-fetch',
  setup({ onLoad }) {
    onLoad({ filter: /yoga-wasm-base64-esm\.js$/ }, async ({ path }) => ({
      contents: `const fetch = undefined;${await readFile(path, 'utf8')}`,
    }))
  },
}

const common: BuildOptions & { write: false } = {
  absWorkingDir: root,
  entryNames: '[name]',
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'], // jsonc-parser's main is UMD, which cannot be bundled
  target: 'node24',
  // A native addon; and what Ink would load for its own developers, and nobody has.
  external: ['koffi', 'react-devtools-core'],
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
  // Dependencies that are CommonJS call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  plugins: [yogaWithoutFetch],
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
}
const built = await Promise.all([
  build({ ...common, entryPoints: ['src/cli.ts'], splitting: true, chunkNames: 'chunk-[hash]' }),
  // The workers lie beside the chunk that starts them: new URL('./worker.js', import.meta.url). Each is whole: a thread
  // loads one file in half the time it takes for thirty, and a command starts two or three.
  build({ ...common, entryPoints: ['src/engine/archive/worker.ts', 'src/engine/walk/walk-worker.ts'] }),
])
const outputFiles = built.flatMap((one) => one.outputFiles)

await mkdir(dist, { recursive: true })
const entries = new Set(['cli.js', 'worker.js', 'walk-worker.js'])
const names = new Set(outputFiles.map(({ path }) => basename(path)))
const isEntry = (path: string): number => Number(entries.has(basename(path)))
for (const { path, contents } of outputFiles.toSorted((a, b) => isEntry(a.path) - isEntry(b.path)))
  await place(path, contents)
await removeStrays()
const mark = join(dist, '.built')
await place(mark, '', began)

async function place(path: string, contents: Uint8Array | string, time?: Date): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`
  await writeFile(beside, contents)
  // A source that is saved while the build runs must count as newer than the build.
  if (time !== undefined) await utimes(beside, time, time)
  await rename(beside, path)
}

/** What older builds left, once nothing that runs can still need it. */
async function removeStrays(): Promise<void> {
  for (const name of await readdir(dist)) {
    if (names.has(name) || !/\.(js|tmp)$/.test(name)) continue
    const status = await stat(join(dist, name)).catch(() => null)
    if (status !== null && began.getTime() - status.mtimeMs > keepStrayMs) await rm(join(dist, name), { force: true })
  }
}
