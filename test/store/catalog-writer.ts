/** A process that adds entries to the catalog at argv[2], one at a time, and says each it has added: `<id>\n`. */
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { openDocumentFile } from '../../src/engine/platform/document-file.ts'
import { pathFromText } from '../../src/model/path.ts'
import { openCatalog } from '../../src/store/catalog.ts'
import { entry } from './entry.ts'

const [path = '', writer = '', count = '0'] = process.argv.slice(2)
const catalog = openCatalog(
  openDocumentFile(createDiskFiles(), pathFromText(path), pathFromText(`${path}.lock`), () => ({
    waitMs: 60_000,
    signal: new AbortController().signal,
    holder: { pid: process.pid, run: writer, command: 'create', since: new Date().toISOString() },
    clock: systemClock,
  })),
)
for (let number = 0; number < Number(count); number++) {
  const added = entry(`w${writer}n${String(number).padStart(3, '0')}`)
  await catalog.update((backups) => [...backups, added])
  process.stdout.write(`${added.id}\n`)
}
