import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readContent } from '../../src/engine/archive/content.ts'
import { alone } from '../../src/engine/archive/lineage.ts'
import { ArchiveReader } from '../../src/engine/archive/reader.ts'
import { secretFromText } from '../../src/engine/keys/secrets.ts'
import { archivePlace, parseManifest, readDetails } from '../../src/engine/manifest.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { Repository } from '../../src/engine/repository.ts'
import { pathFromText } from '../../src/model/path.ts'

/** The worked example of docs/format.md: its bytes lie in docs/example/ and must stay readable for good. */

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const page = readFileSync(`${docs}format.md`, 'utf8')
const id = '2026-11-21T00-23-39Z-full-vfxa'
const keys = { secrets: [secretFromText(/^[0-9a-f]{64}$/m.exec(page)?.[0] ?? '')], slotKeys: [] }
const files = createDiskFiles()
const repository = new Repository(pathFromText(`${docs}example`))
const manifest = parseManifest(readFileSync(`${docs}example/archives/${id}/manifest.json`, 'utf8'), id)

function open(): ArchiveReader {
  return new ArchiveReader(files, archivePlace(repository, manifest, manifest.archives[0]!), keys)
}

test('opens the archive of the worked example with the key the page prints', () => {
  const reader = open()
  const entry = alone(reader).find(pathFromText('tmp/demo/motd'))
  expect(Buffer.concat([...readContent(alone(reader), entry!)]).toString()).toBe('hello\n')
  expect([...alone(reader).entries()].map(({ path, type }) => [path, type])).toEqual([
    ['tmp/demo', 'directory'],
    ['tmp/demo/link', 'symlink'],
    ['tmp/demo/motd', 'file'],
  ])
  reader.close()
})

test('opens the sealed box of the worked example', () => {
  expect(readDetails(manifest, keys).services[0]?.paths).toEqual(['/tmp/demo'])
})

test('prints the bytes that the example has', () => {
  const file = readFileSync(`${docs}example/archives/${id}/paths.tar.zst.enc`)
  const [pubBytes, slotBytes] = [file.readUInt32BE(16), file.readUInt32BE(20)]
  const slotsAt = 32 + pubBytes
  const reader = open()
  const stream = reader.stream.read(0, reader.stream.streamBytes)
  const { offsets, rawOffsets } = reader.frames()
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const [first] = reader.root.toc.pages
  const printed = {
    pub: file.toString('utf8', 32, slotsAt),
    slots: file.toString('utf8', slotsAt, slotsAt + slotBytes),
    mac: hex(file.subarray(slotsAt + slotBytes, slotsAt + slotBytes + 32)),
    checksum: hex(file.subarray(slotsAt + slotBytes + 32, slotsAt + slotBytes + 64)),
    stream: createHash('sha256').update(stream).digest('hex'),
    payload: createHash('sha256').update(file.subarray(8192)).digest('hex'),
    root: Buffer.from(reader.stream.extent(reader.location, reader.location.rootBytes)).toString(),
    lines: Buffer.from(reader.stream.decode(first![1], first![2])).toString(),
    frames: offsets.map((offset, at) =>
      [offset, rawOffsets[at]!].map((n) => n.toString(16).padStart(16, '0')).join(' '),
    ),
    locatorChecksum: hex(stream.subarray(-4)),
  }
  reader.close()
  for (const [what, texts] of Object.entries(printed))
    for (const text of [texts].flat()) expect(page, what).toContain(text)
})
