import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'

/** A layer is the longest prefix here that a path below src/ begins with. `*` is every layer, `node:` every node module. */
const layers: Record<string, { layers: string[]; packages: string[]; forbidden: string[] }> = {
  'model/': {
    layers: ['model/'],
    packages: ['zod'],
    forbidden: ['process', 'console', 'Date.now', 'new Date()', 'Math.random'],
  },
  'store/': {
    layers: ['model/', 'store/'],
    packages: ['zod', 'lowdb'],
    forbidden: ['process', 'console', 'Date', 'Math.random'],
  },
  'engine/plan/': {
    layers: ['model/', 'engine/plan/'],
    packages: [],
    forbidden: ['process', 'console', 'Date', 'Math.random', 'performance', 'crypto'],
  },
  'engine/': {
    layers: ['model/', 'engine/', 'engine/plan/'],
    packages: ['node:', 'zod', 'execa', 'ignore', 'jsonc-parser'],
    forbidden: ['console', 'process.stdout', 'process.stderr', 'dryRun'],
  },
  'screens/': {
    layers: ['model/', 'engine/plan/', 'screens/'],
    packages: ['react', 'ink', 'ink-select-input', 'string-width'],
    forbidden: ['console', 'process', 'Date.now', 'new Date()', 'Math.random'],
  },
  'app.tsx': {
    layers: ['model/', 'screens/'],
    packages: ['react', 'ink'],
    forbidden: ['console', 'process', 'Date.now', 'new Date()', 'Math.random'],
  },
  'terminal/': {
    layers: ['model/', 'terminal/'],
    packages: ['node:'],
    forbidden: ['Date.now', 'new Date()', 'Math.random'],
  },
  'commands/': {
    layers: ['model/', 'commands/'],
    packages: ['node:process', 'node:readline', 'node:readline/promises', 'node:tty'],
    forbidden: [],
  },
  'draw-console.tsx': {
    layers: ['model/', 'app.tsx', 'screens/', 'terminal/'],
    packages: ['react', 'ink', 'node:process'],
    forbidden: [],
  },
  'open-console.ts': { layers: ['*'], packages: ['node:'], forbidden: [] },
  'open-daemon.ts': { layers: ['*'], packages: ['node:'], forbidden: [] },
  'wire.ts': { layers: ['*'], packages: ['node:', 'zod'], forbidden: [] },
  'cli.ts': { layers: ['*'], packages: ['node:', 'zod'], forbidden: [] },
}
/** Modules that only some files may have, over the table: the file system goes through one port, C libraries through it. */
const reserved: Record<string, string[]> = {
  'node:fs': ['engine/platform/'],
  'node:fs/promises': ['engine/platform/'],
  koffi: ['engine/platform/libc.ts', 'engine/platform/zstd.ts'],
}
const registries = ['engine/sources/', 'engine/destinations/', 'engine/notifiers/', 'commands/', 'screens/']

const root = fileURLToPath(new URL('../src', import.meta.url))
const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => /\.tsx?$/.test(path))
const sources = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]))

interface Import {
  from: string
  typeOnly: boolean
}
interface Facts {
  imports: Import[]
  uses: Set<string>
}

function layerOf(path: string): string | undefined {
  return Object.keys(layers)
    .filter((prefix) => path.startsWith(prefix))
    .sort((a, b) => b.length - a.length)[0]
}

/** What a file imports, however it is spelled, and the globals it touches. */
function factsOf(path: string, source: string): Facts {
  const { program, module, errors } = parseSync(path, source)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const imports: Import[] = module.staticImports.map(({ start, moduleRequest }) => ({
    from: moduleRequest.value,
    typeOnly: /^import\s+type\b/.test(source.slice(start)),
  }))
  for (const { start, entries } of module.staticExports) {
    for (const { moduleRequest } of entries) {
      if (moduleRequest)
        imports.push({ from: moduleRequest.value, typeOnly: /^export\s+type\b/.test(source.slice(start)) })
    }
  }
  const uses = new Set<string>()
  walk(program, (node, isReference) => {
    const { type, source: from, callee, object, property } = node
    if (type === 'ImportExpression' && from?.type === 'Literal')
      imports.push({ from: String(from.value), typeOnly: false })
    if (type === 'TSImportType' && from?.type === 'Literal') imports.push({ from: String(from.value), typeOnly: true })
    // A call with one string that names a reserved module is a require by whatever name.
    const [argument, more] = node.arguments ?? []
    if (
      type === 'CallExpression' &&
      argument?.type === 'Literal' &&
      !more &&
      Object.hasOwn(reserved, String(argument.value))
    ) {
      imports.push({ from: String(argument.value), typeOnly: false })
    }
    if (type === 'Identifier' && (isReference || node.name === 'dryRun')) uses.add(node.name ?? '')
    if (type === 'NewExpression' && node.arguments?.length === 0) uses.add(`new ${callee?.name}()`)
    if (type === 'MemberExpression' && object?.type === 'Identifier')
      uses.add(`${object.name}.${property?.name ?? property?.value}`)
    if (type === 'MemberExpression' && object?.name === 'globalThis')
      uses.add(String(property?.name ?? property?.value))
  })
  return { imports, uses }
}

interface Node {
  type?: string
  name?: string
  value?: unknown
  computed?: boolean
  source?: Node
  callee?: Node
  object?: Node
  property?: Node
  arguments?: Node[]
}

/** Every node of the tree; `isReference` is false for a mere name: a property, a key, a type. */
function walk(node: unknown, visit: (node: Node, isReference: boolean) => void, isReference = true): void {
  if (typeof node !== 'object' || node === null) return
  const { type, computed } = node as Node // the parser's tree, read by shape
  if (type !== undefined) visit(node, isReference)
  for (const [key, child] of Object.entries(node)) {
    const isName = ((key === 'property' || key === 'key') && !computed) || key === 'typeName' || key === 'imported'
    for (const one of Array.isArray(child) ? child : [child]) walk(one, visit, !isName)
  }
}

/** All that is wrong with a tree of sources, one line each; empty where it is as the table says. */
function violations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = []
  const edges = new Map<string, string[]>()
  for (const [path, source] of files) {
    const { imports, uses } = factsOf(path, source)
    const layer = layerOf(path)
    const rule = layer === undefined ? undefined : layers[layer]
    if (rule === undefined) {
      found.push(`${path} is in no layer`)
      continue
    }
    for (const use of rule.forbidden) if (uses.has(use)) found.push(`${path} uses ${use}`)
    const inner: string[] = []
    for (const { from, typeOnly } of imports) {
      if (from.startsWith('.')) {
        const target = posix.join(dirname(path), from)
        const targetLayer = layerOf(target) ?? target
        if (!files.has(target)) found.push(`${path} imports ${target}, which is absent`)
        if (!rule.layers.includes('*') && !rule.layers.includes(targetLayer)) found.push(`${path} imports ${target}`)
        if (
          registries.some(
            (folder) =>
              path.startsWith(folder) &&
              target.startsWith(folder) &&
              basename(path) !== 'registry.ts' &&
              isListed(path) &&
              isListed(target),
          )
        )
          found.push(`${path} imports ${target}, its neighbour`)
        if (!typeOnly) inner.push(target)
        continue
      }
      const owners = reserved[from]
      const isAllowed =
        owners !== undefined
          ? owners.some((owner) => path.startsWith(owner))
          : rule.packages.some((name) => name === from || (name === 'node:' && from.startsWith(name)))
      if (!isAllowed) found.push(`${path} imports ${from}`)
    }
    edges.set(path, inner)
  }
  for (const folder of registries) {
    const members = [...files.keys()].filter((path) => path.startsWith(folder) && isListed(path))
    const listed = edges.get(`${folder}registry.ts`) ?? []
    for (const member of members) if (!listed.includes(member)) found.push(`${member} is not in its registry`)
  }
  return [...found, ...cyclesOf(edges)]
}

/** A connector, command or screen: a file straight in its folder that is not the registry. */
function isListed(path: string): boolean {
  return registries.includes(`${dirname(path)}/`) && !basename(path).startsWith('registry.')
}

function cyclesOf(edges: ReadonlyMap<string, string[]>): string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (path: string, way: string[]): void => {
    if (way.includes(path)) cycles.push(`cycle: ${[...way.slice(way.indexOf(path)), path].join(' > ')}`)
    if (done.has(path) || way.includes(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...way, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return cycles
}

test('keeps to the layers, the registries and the ports', () => {
  expect(paths.length).toBeGreaterThan(10)
  expect(violations(sources)).toEqual([])
})

const planted: [path: string, source: string, violation: string][] = [
  ['model/a.ts', `import 'node:fs'`, 'model/a.ts imports node:fs'],
  ['model/a.ts', `import { b } from '../engine/b.ts'`, 'model/a.ts imports engine/b.ts'],
  ['model/a.ts', `import type { B } from '../engine/b.ts'`, 'model/a.ts imports engine/b.ts'],
  ['model/a.ts', `export * from '../engine/b.ts'`, 'model/a.ts imports engine/b.ts'],
  ['model/a.ts', 'const now = Date.now()', 'model/a.ts uses Date.now'],
  ['model/a.ts', 'const now = new Date()', 'model/a.ts uses new Date()'],
  ['model/a.ts', 'console.log(1)', 'model/a.ts uses console'],
  ['store/a.ts', `import { Low } from 'lowdb/node'`, 'store/a.ts imports lowdb/node'],
  ['engine/plan/a.ts', `import { createHash } from 'node:crypto'`, 'engine/plan/a.ts imports node:crypto'],
  ['engine/plan/a.ts', `import { b } from '../b.ts'`, 'engine/plan/a.ts imports engine/b.ts'],
  ['engine/plan/a.ts', 'const a = new Date(0)', 'engine/plan/a.ts uses Date'],
  ['engine/plan/a.ts', `const a = Math['random']()`, 'engine/plan/a.ts uses Math.random'],
  ['engine/plan/a.ts', 'const a = globalThis.process', 'engine/plan/a.ts uses process'],
  ['engine/a.ts', `import { readFile } from 'node:fs/promises'`, 'engine/a.ts imports node:fs/promises'],
  ['engine/a.ts', `const fs = await import('node:fs')`, 'engine/a.ts imports node:fs'],
  ['engine/a.ts', `const k = createRequire(import.meta.url)('koffi')`, 'engine/a.ts imports koffi'],
  ['engine/platform/a.ts', `import koffi from 'koffi'`, 'engine/platform/a.ts imports koffi'],
  ['engine/a.ts', `import left from 'left-pad'`, 'engine/a.ts imports left-pad'],
  ['engine/a.ts', `import { s } from '../store/s.ts'`, 'engine/a.ts imports store/s.ts'],
  ['engine/a.ts', 'process.stdout.write("")', 'engine/a.ts uses process.stdout'],
  ['engine/a.ts', 'export function apply(options: { dryRun: boolean }) {}', 'engine/a.ts uses dryRun'],
  ['engine/c.ts', `import { b } from './b.ts'`, 'cycle: engine/b.ts > engine/c.ts > engine/b.ts'],
  ['engine/destinations/s3.ts', 'export const s3 = 1', 'engine/destinations/s3.ts is not in its registry'],
  [
    'engine/destinations/s3.ts',
    `import { local } from './local.ts'`,
    'engine/destinations/s3.ts imports engine/destinations/local.ts, its neighbour',
  ],
  ['commands/a.ts', `import { b } from '../engine/b.ts'`, 'commands/a.ts imports engine/b.ts'],
  ['screens/a.tsx', `import { b } from '../engine/b.ts'`, 'screens/a.tsx imports engine/b.ts'],
  ['screens/a.tsx', `import { s } from '../store/s.ts'`, 'screens/a.tsx imports store/s.ts'],
  ['screens/a.tsx', `import { homedir } from 'node:os'`, 'screens/a.tsx imports node:os'],
  ['screens/a.tsx', 'const now = Date.now()', 'screens/a.tsx uses Date.now'],
  ['screens/a.tsx', 'const { env } = process', 'screens/a.tsx uses process'],
  ['screens/a.tsx', 'export const a = 1', 'screens/a.tsx is not in its registry'],
  ['screens/parts/a.tsx', `import { k } from '../../terminal/k.ts'`, 'screens/parts/a.tsx imports terminal/k.ts'],
  ['app.tsx', `import { b } from './engine/b.ts'`, 'app.tsx imports engine/b.ts'],
  ['terminal/k.ts', `import { s } from '../screens/parts/s.tsx'`, 'terminal/k.ts imports screens/parts/s.tsx'],
  ['terminal/k.ts', `import { readFileSync } from 'node:fs'`, 'terminal/k.ts imports node:fs'],
  ['elsewhere/a.ts', '', 'elsewhere/a.ts is in no layer'],
]
const sound: [string, string][] = [
  ['engine/b.ts', `import type { C } from './c.ts'; import { c } from './c.ts'; import { p } from './plan/p.ts'`],
  ['engine/c.ts', `import type { B } from './b.ts'; const o = { process: 1, console: 2 }; o.process`],
  ['engine/plan/p.ts', ''],
  ['store/s.ts', `import { Low } from 'lowdb'`],
  ['terminal/k.ts', `import { EventEmitter } from 'node:events'`],
  ['screens/parts/s.tsx', `import { Box } from 'ink'; import { p } from '../../engine/plan/p.ts'`],
  ['engine/destinations/local.ts', ''],
  ['engine/destinations/registry.ts', `import { local } from './local.ts'`],
  ['wire.ts', `import { b } from './engine/b.ts'; import './store/s.ts'; console.log(process.argv)`],
]

test('finds nothing wrong with a sound tree', () => {
  expect(violations(new Map(sound))).toEqual([])
})

test.each(planted)('finds the violation planted in %s: %s', (path, source, violation) => {
  expect(violations(new Map([...sound, [path, source]]))).toContain(violation)
})
