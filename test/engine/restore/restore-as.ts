import { alone } from '../../../src/engine/archive/lineage.ts'
import { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import { noKeys } from '../../../src/engine/keys/slots.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { applyRestore } from '../../../src/engine/restore/apply.ts'
import { prepareRestore } from '../../../src/engine/restore/prepare.ts'
import { selectEverything } from '../../../src/engine/restore/select-paths.ts'

/** A restore as a process of its own, run by whatever user starts it; prints its outcome as JSON. */
const { target, spool, ...place } = JSON.parse(process.argv[2] ?? '{}')
const files = createDiskFiles()
const reader = new ArchiveReader(files, place, noKeys)
const pool = new WorkerPool({ count: 2, filesModule: null })
const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const archives = [{ service: 'files', lineage: alone(reader) }]
const signal = new AbortController().signal
const plan = await prepareRestore(
  files,
  pool,
  {
    id: 'plan',
    backup: 'backup',
    repositoryId: 'repository',
    archives,
    repositoryRoot: place.path.slice(0, place.path.lastIndexOf('/')),
    target: { kind: 'directory', path: target },
    select: selectEverything,
    conflict: 'overwrite',
    asked: { patterns: [], below: null, last: [] },
    saves: false,
    choices: new Map(),
    user,
    now: '2026-11-20T03:00:00.000Z',
  },
  spool,
  { signal },
)
const outcome = await applyRestore(files, pool, plan, archives, { user, signal })
const { counts, refused, notes } = plan.header
process.stdout.write(JSON.stringify({ outcome, counts, refused, notes }))
await pool.close()
