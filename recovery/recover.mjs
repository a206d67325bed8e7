#!/usr/bin/env node
const manual = `Open a Holdfast archive on a machine that has no Holdfast.

  node recover.mjs ARCHIVE list                one line per entry, times in UTC
  node recover.mjs ARCHIVE cat                 the decrypted .tar.zst / .tar.gz / ... to stdout
  node recover.mjs ARCHIVE get PATH            one file to stdout, its SHA-256 checked first
  node recover.mjs ARCHIVE restore DIR         everything below DIR, which must be new or empty
Options: --keyfile F        the key file (otherwise BACKUP_ENCRYPTION_KEY, otherwise a prompt)
         --into-existing    restore into a DIR that has files; nothing in it is overwritten
An incremental archive needs the archives it builds on: keep archives/<backup id>/<file> as it was.
Exit: 0 fine, 1 failure or wrong key, 2 usage or no key, 3 done but entries refused or torn, 4 damage.

Needs Node 18 on Linux, and the commands zstd, xz or bzip2 where the archive is compressed so and Node cannot.
One file, no other part of Holdfast: copy it anywhere. The format is described in FORMAT.md, which lies beside it.
`

import { spawnSync } from 'node:child_process'
import crypto from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import zlib from 'node:zlib'

const magic = Buffer.from('\x89BKA1\r\n\x1a', 'latin1')
const frameLimit = 16 << 20 // no frame decodes to more: the bound against decompression bombs
const rootLimit = 256 << 20
const locators = { zstd: [72, 8], gzip: [93, 16], none: [512, 0], xz: [64, 0], bzip2: [64, 0] } // length, where L begins

/** Ends the program with this message and exit code. */
class Stop extends Error {
  constructor(message, code = 1) {
    super(message)
    this.code = code
  }
}
class Damage extends Stop {
  constructor(message) {
    super(message, 4)
  }
}
/** This one entry is not restored; the rest is. */
class Refused extends Error {}
/** This machine cannot compute the key derivation a slot asks for. */
class NoKdf extends Error {}

const note = (text) => fs.writeSync(2, `recover: ${text}\n`)
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest()
const same = (a, b) => a.length === b.length && crypto.timingSafeEqual(a, b)
const isCount = (number) => Number.isSafeInteger(number) && number >= 0

/** Runs `use`; whatever goes wrong in it other than a Stop is damage: archives are read from hostile disks too. */
function orDamage(message, use) {
  try {
    return use()
  } catch (error) {
    throw error instanceof Stop || error instanceof Refused ? error : new Damage(message)
  }
}

/** Standard base64, strictly. */
function fromBase64(text) {
  const bytes = Buffer.from(text, 'base64')
  if (typeof text !== 'string' || bytes.toString('base64') !== text) throw new TypeError('base64')
  return bytes
}

// ---------------------------------------------------------------- cryptography and the key

const hkdf = (key, salt, info) => Buffer.from(crypto.hkdfSync('sha256', key, salt, info, 32))

/** AES-256-GCM with a 12-byte IV and a 16-byte tag at the end; null where the tag does not fit. */
function gcmOpen(key, iv, sealed, aad = Buffer.alloc(0)) {
  if (sealed.length < 16) return null
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
  decipher.setAAD(aad).setAuthTag(sealed.subarray(-16))
  const plain = decipher.update(sealed.subarray(0, -16))
  try {
    decipher.final() // only now is `plain` proven
    return plain
  } catch {
    return null
  }
}

/** What the operator gave: a passphrase or key bytes. Asked for once, kept for the archives this one builds on. */
class Secret {
  known = false
  constructor(keyfile) {
    this.keyfile = keyfile
  }

  load() {
    if (this.known) return
    this.known = true
    if (this.keyfile) {
      let data
      try {
        data = fs.readFileSync(this.keyfile)
      } catch (error) {
        throw new Stop(`cannot read the key file: ${error.code}`, 2)
      }
      const digits = /^([0-9a-fA-F]{64})\r?\n?$/.exec(data.toString('latin1'))
      this.key = digits ? Buffer.from(digits[1], 'hex') : data
      if (this.key.length < 32)
        throw new Stop('the key file is too short: it must hold 32 raw bytes, 64 hex digits, or more than 32 bytes', 2)
      return
    }
    let text = process.env.BACKUP_ENCRYPTION_KEY ?? ''
    if (!text && process.stdin.isTTY) {
      // The shell turns the echo off, and on again even when this is interrupted. The key comes back through a pipe.
      const script = `exec </dev/tty; old=$(stty -g); trap 'stty "$old"' EXIT; trap 'exit 130' INT TERM; stty -echo
        printf 'Passphrase or 64 hex digits: ' >/dev/tty; IFS= read -r key; echo >/dev/tty; printf %s "$key"`
      text = spawnSync('sh', ['-c', script], { stdio: ['inherit', 'pipe', 'inherit'] }).stdout?.toString() ?? ''
    }
    if (!text)
      throw new Stop('this archive is encrypted and no key was given: set BACKUP_ENCRYPTION_KEY or use --keyfile F', 2)
    if (/^[0-9a-fA-F]{64}$/.test(text)) this.key = Buffer.from(text, 'hex')
    else this.passphrase = Buffer.from(text.normalize('NFC'))
  }

  /** The secret that may open this slot; null where it takes another kind. */
  forSlot(slot) {
    if (['raw', 'keyfile', 'tk'].includes(slot.t)) return this.key ?? null
    if (!this.passphrase || !['scrypt', 'pbkdf2', 'argon2id'].includes(slot.t)) return null
    const salt = fromBase64(slot.s)
    const within = (value, low, high) => Number.isInteger(value) && value >= low && value <= high
    if (slot.t === 'pbkdf2') {
      if (slot.h !== 'sha256' || !within(slot.i, 1, 1e7)) return null
      return crypto.pbkdf2Sync(this.passphrase, salt, slot.i, 32, 'sha256')
    }
    if (slot.t === 'argon2id') {
      if (!within(slot.m, 8, 2 << 20) || !within(slot.i, 1, 64) || !within(slot.p, 1, 16)) return null
      if (!crypto.argon2Sync) throw new NoKdf('argon2id needs Node 24.7 or later, or recover.py')
      const [memory, passes, parallelism] = [slot.m, slot.i, slot.p]
      return crypto.argon2Sync('argon2id', {
        message: this.passphrase,
        nonce: salt,
        memory,
        passes,
        parallelism,
        tagLength: 32,
      })
    }
    const { n, r, p } = slot // n is the logarithm
    if (!within(n, 1, 20) || !within(r, 1, 16) || !within(p, 1, 8)) return null
    const maxmem = 128 * r * (2 ** n + p + 2) + (1 << 20)
    return crypto.scryptSync(this.passphrase, salt, 32, { N: 2 ** n, r, p, maxmem })
  }
}

// ---------------------------------------------------------------- decompression, one frame at a time

/** A command as a filter; null where it fails. */
function filter(command, input, most) {
  const done = spawnSync(command, ['-dcq'], { input, maxBuffer: most + 1, stdio: ['pipe', 'pipe', 'ignore'] })
  if (done.error?.code === 'ENOENT')
    throw new Stop(`this archive needs the command '${command}': install the package of that name`)
  return done.status === 0 ? done.stdout : null
}

/**
 * Length of the zstd frame at `at`, and its content size: null where it does not say, -1 for a skippable frame.
 * Frames are told apart here because Node's decoder stops silently after the first one. RFC 8878, section 3.
 */
function zstdFrame(read, at, end) {
  const take = (offset, length) => {
    if (offset + length > end) throw new Damage('a compressed frame is cut')
    return read(offset, length)
  }
  const first = take(at, 4).readUInt32LE()
  if ((first & 0xfffffff0) >>> 0 === 0x184d2a50) {
    const length = 8 + take(at + 4, 4).readUInt32LE()
    take(at + length, 0)
    return [length, -1]
  }
  const flags = take(at + 4, 1)[0]
  if (first !== 0xfd2fb528 || flags & 8) throw new Damage('a compressed frame is damaged')
  const single = (flags >> 5) & 1
  const field = flags >> 6 ? 1 << (flags >> 6) : single
  let here = at + 5 + (1 - single) + [0, 1, 2, 4][flags & 3]
  let size = null
  if (field) {
    const bytes = take(here, field)
    size = field === 8 ? Number(bytes.readBigUInt64LE()) : bytes.readUIntLE(0, field) + (field === 2 ? 256 : 0)
  }
  here += field
  for (let last = false; !last; ) {
    const block = take(here, 3).readUIntLE(0, 3)
    last = (block & 1) === 1
    const [kind, length] = [(block >> 1) & 3, block >> 3]
    if (kind === 3 || length > 128 << 10) throw new Damage('a compressed frame is damaged')
    here += 3 + (kind === 1 ? 1 : length)
  }
  here += flags & 4 ? 4 : 0
  take(here, 0)
  return [here - at, size]
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1
  return n
})
function crc32(bytes) {
  if (zlib.crc32) return zlib.crc32(bytes)
  let crc = 0xffffffff
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** Length and content of the gzip member at `at` (RFC 1952). Node cannot say where a member ends, only where a deflate stream does. */
function gzipMember(read, at, end) {
  for (let window = 2 << 20; ; window *= 2) {
    const input = read(at, Math.min(window, end - at))
    const whole = input.length === end - at
    const flags = input[3]
    if (input.readUInt16BE() !== 0x1f8b || input[2] !== 8) throw new Damage('a compressed frame is damaged')
    let here = 10
    if (flags & 4) here += 2 + input.readUInt16LE(here)
    for (const bit of [8, 16]) if (flags & bit) here = input.indexOf(0, here) + 1
    if (flags & 2) here += 2
    try {
      const { buffer, engine } = zlib.inflateRawSync(input.subarray(here), { info: true, maxOutputLength: frameLimit })
      here += engine.bytesWritten
      if (input.length - here < 8) throw Object.assign(new Error(), { code: 'Z_BUF_ERROR' })
      if (input.readUInt32LE(here) !== crc32(buffer) || input.readUInt32LE(here + 4) !== buffer.length)
        throw new Damage('a compressed frame does not match its checksum')
      return [here + 8, buffer]
    } catch (error) {
      if (error.code !== 'Z_BUF_ERROR' || whole || window > 2 * frameLimit) throw error
    }
  }
}

// ---------------------------------------------------------------- one archive file

/** The header copy at the start of `region`, or null where it is not intact. */
function parseHeader(region, start) {
  if (region.length < 96 || !region.subarray(0, 8).equals(magic)) return null
  const [size, pubSize, slotsSize, second, zero] = [12, 16, 20, 24, 28].map((at) => region.readUInt32BE(at))
  const end = 32 + pubSize + slotsSize
  if (size !== 2 * second || end + 64 > second || zero || size > 1 << 20 || region.length < end + 64) return null
  if (start !== 0 && start !== second) return null
  if (!sha256(region.subarray(0, end + 32)).equals(region.subarray(end + 32, end + 64))) return null
  if (region[8] !== 1 || region[10] || region[11])
    throw new Stop(`this archive needs a newer recovery script (format ${region[8]})`)
  const [pub, slots] = [region.subarray(32, 32 + pubSize), region.subarray(32 + pubSize, end)]
  return { pub, slots, covered: region.subarray(0, end), mac: region.subarray(end, end + 32), size }
}

/** How an unencrypted archive is compressed, by its first bytes; null where it is something else. */
function compressionOf(head) {
  const hex = head.toString('hex')
  if (hex.startsWith('28b52ffd') || /^5.2a4d18/.test(hex)) return 'zstd'
  for (const [start, name] of [
    ['1f8b', 'gzip'],
    ['fd377a585a00', 'xz'],
    ['425a68', 'bzip2'],
  ])
    if (hex.startsWith(start)) return name
  return head.toString('latin1', 257, 262) === 'ustar' ? 'none' : null
}

/** The stream S of one archive file: checked ranges of it, decoded frames of it, and its root. */
class Archive {
  healed = false
  segments = new Map()
  decoded = new Map()
  boundaries = null // where frames begin, from frames.bin: only xz and bzip2 need it
  expected = -1 // where the next frame of a file read in order would begin
  ahead = 1 << 20

  constructor(path, secret, wanted = 'root') {
    this.path = path
    try {
      this.fd = fs.openSync(path, 'r')
      this.size = fs.fstatSync(this.fd).size
    } catch (error) {
      throw new Stop(`cannot open ${display(Buffer.from(path))}: ${error.code}`)
    }
    this.read = this.read.bind(this)
    const head = this.file(0, Math.min(512, this.size))
    const plain = head.subarray(0, 8).equals(magic) ? null : compressionOf(head)
    orDamage('the header or root of this archive is malformed', () => {
      if (plain) Object.assign(this, { pub: null, compression: plain, length: this.size })
      else this.unlock(secret)
      if (wanted === 'root') this.loadRoot()
    })
  }

  /** Bytes of the file itself. */
  file(at, length) {
    const data = Buffer.allocUnsafe(length)
    for (let done = 0; done < length; ) {
      let count
      try {
        count = fs.readSync(this.fd, data, done, length - done, at + done)
      } catch (error) {
        throw new Damage(`the archive cannot be read: ${error.code}`)
      }
      if (!count) throw new Damage('the archive is cut')
      done += count
    }
    return data
  }

  /** What manifest.json beside the archive says of it; {} where it says nothing. Not authenticated. */
  manifest() {
    try {
      const { archives } = JSON.parse(fs.readFileSync(join(dirname(resolve(this.path)), 'manifest.json'), 'utf8'))
      return archives.find((row) => row.file === basename(this.path)) ?? {}
    } catch {
      return {}
    }
  }

  /** Every intact copy of the header: in the file (two), beside it after a key rotation, in the repository's keys. */
  headers() {
    const copy = (at) => (at < this.size ? parseHeader(this.file(at, Math.min(1 << 19, this.size - at)), at) : null)
    const first = copy(0)
    let second = null
    for (
      let at = first ? first.size / 2 : 4096;
      !second && at <= 1 << 19;
      at = first ? Number.POSITIVE_INFINITY : at * 2
    )
      second = copy(at)
    if (!first || !second) {
      this.healed = true
      note(`one copy of the header of ${display(Buffer.from(this.path))} is damaged; another is used`)
    }
    const { id } = this.manifest()
    const extra = [`${this.path}.hdr`]
    if (/^[0-9a-f]{32}$/.test(id)) extra.push(join(dirname(resolve(this.path)), '../../keys/headers', id))
    const found = [first, second]
    for (const name of extra) if (fs.existsSync(name)) found.push(parseHeader(fs.readFileSync(name), 0))
    const intact = found.filter(Boolean)
    return intact.filter((one, n) => intact.findIndex((other) => other.covered.equals(one.covered)) === n)
  }

  /** From the operator's secret to the stream key. Nothing of the payload is used before the last segment is checked. */
  unlock(secret) {
    const headers = this.headers()
    if (!headers.length) throw new Damage('this is no Holdfast archive, or every copy of its header is damaged')
    secret.load()
    const [missing, kinds] = [new Set(), new Set()]
    let opened = null
    for (const header of headers) {
      const pub = JSON.parse(header.pub)
      const ident = Buffer.from(pub.id, 'hex')
      for (const slot of JSON.parse(header.slots).slice(0, 32)) {
        kinds.add(display(Buffer.from(String(slot.t))))
        try {
          const key = secret.forSlot(slot)
          const wrapped = Buffer.from(String(slot.w), 'base64')
          if (!key || wrapped.length !== 60) continue
          const kek = hkdf(key, ident, `BKA1/slot/${slot.t}`)
          const aad = Buffer.concat([Buffer.from('BKA1/slot\0'), ident])
          const dek = gcmOpen(kek, wrapped.subarray(0, 12), wrapped.subarray(12), aad)
          if (dek) opened ??= { dek, pub, ident, header }
        } catch (error) {
          if (!(error instanceof NoKdf)) throw error
          missing.add(error.message)
        }
        if (opened) break
      }
      if (opened) break
    }
    if (!opened) {
      const hint = missing.size ? `; not tried: ${[...missing].join(', ')}` : ''
      throw new Stop(`wrong key: it opens none of this archive's key slots (${[...kinds].join(', ')})${hint}`)
    }
    const { dek, pub, ident, header } = opened
    if (!same(hkdf(dek, ident, 'BKA1/commit'), Buffer.from(pub.commit, 'hex')))
      throw new Damage('the header was tampered with: its key commitment does not fit the key')
    if (
      !same(
        crypto
          .createHmac('sha256', hkdf(dek, ident, 'BKA1/header-mac'))
          .update(header.covered)
          .digest(),
        header.mac,
      )
    )
      throw new Damage('the header was tampered with: its MAC does not fit the key')
    if (pub.fmt !== 'BKA1' || pub.enc.alg !== 'tink-aes256-gcm-hkdf-sha256' || !locators[pub.comp])
      throw new Stop('this archive needs a newer recovery script')
    Object.assign(this, { pub, compression: pub.comp, segmentSize: pub.enc.seg, start: header.size })
    const tink = this.file(this.start, 40)
    if (tink[0] !== 40 || !(this.segmentSize >= 57 && this.segmentSize <= 1 << 24))
      throw new Damage("the payload's header is damaged")
    const context = sha256(Buffer.concat([Buffer.from('BKA1/aad\0'), header.pub]))
    this.key = hkdf(hkdf(dek, ident, 'BKA1/stream'), tink.subarray(1, 33), context)
    this.nonce = tink.subarray(33, 40)
    const body = this.size - this.start
    this.count = Math.max(1, Math.ceil(body / this.segmentSize))
    this.length = body - 40 - 16 * this.count
    if (this.length < 0 || (this.count > 1 && body - (this.count - 1) * this.segmentSize <= 16))
      throw new Damage('the archive is cut')
    this.segment(this.count - 1) // first of all: it alone proves that nothing is cut off or added
  }

  /** Plaintext of one segment, after its tag was checked. */
  segment(index) {
    const kept = this.segments.get(index)
    if (kept) return kept
    const start = this.start + (index ? index * this.segmentSize : 40)
    const end = Math.min(this.start + (index + 1) * this.segmentSize, this.size)
    const counter = Buffer.alloc(5)
    counter.writeUInt32BE(index)
    counter[4] = index === this.count - 1 ? 1 : 0
    const plain = gcmOpen(this.key, Buffer.concat([this.nonce, counter]), this.file(start, end - start))
    if (!plain)
      throw new Damage(
        `the archive is damaged, cut or extended: segment ${index + 1} of ${this.count} does not authenticate`,
      )
    this.segments.set(index, plain)
    if (this.segments.size > 4) this.segments.delete(this.segments.keys().next().value)
    return plain
  }

  /** Bytes of S. */
  read(at, length) {
    if (!isCount(at) || !isCount(length) || at + length > this.length)
      throw new Damage('a reference points outside the archive')
    if (!this.pub) return this.file(at, length)
    const [parts, first, other] = [[], this.segmentSize - 56, this.segmentSize - 16]
    while (length) {
      const index = at < first ? 0 : 1 + Math.floor((at - first) / other)
      const inside = at < first ? at : (at - first) % other
      const part = this.segment(index).subarray(inside, inside + length)
      parts.push(part)
      at += part.length
      length -= part.length
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts)
  }

  /** Length in S and content of the frame at `at`. Some are kept: small files share a frame. */
  frame(at, end) {
    const kept = this.decoded.get(at)
    if (kept) return kept
    const frames = orDamage('a compressed frame does not decode', () => this.decode(at, end))
    for (const frame of frames) {
      this.decoded.set(at, frame)
      at += frame[0]
    }
    this.expected = at
    // keep what was just decoded and a few frames from before
    while (this.decoded.size > frames.length + 4) this.decoded.delete(this.decoded.keys().next().value)
    return frames[0].length ? this.decoded.get(at - frames.reduce((sum, [length]) => sum + length, 0)) : frames[0]
  }

  decode(at, end) {
    if (this.compression === 'zstd') return this.decodeZstd(at, end)
    if (this.compression === 'gzip') return [gzipMember(this.read, at, end)]
    const next = this.boundary(at, end)
    const data = filter(this.compression, this.read(at, next - at), frameLimit)
    if (!data || data.length > frameLimit) throw new Damage('a compressed frame does not decode')
    return [[next - at, data]]
  }

  /** Where the xz or bzip2 stream at `at` ends, by frames.bin; without that (while the root is read) the whole range is one. */
  boundary(at, end) {
    if (!this.boundaries && this.root) {
      const [from, stored] = this.root.frames.at
      this.boundaries = [] // its own frame is read as one piece
      const table = filter(this.compression, this.read(from, stored), rootLimit) ?? Buffer.alloc(0)
      for (let row = 0; row + 16 <= table.length; row += 16) this.boundaries.push(Number(table.readBigUInt64BE(row)))
    }
    const [list, low] = [this.boundaries ?? [], { value: 0 }]
    for (let high = list.length; low.value < high; ) {
      const middle = (low.value + high) >> 1
      if (list[middle] <= at) low.value = middle + 1
      else high = middle
    }
    return Math.min(list[low.value] ?? end, end)
  }

  /** Where Node has zstd, one frame. Where it has not, as many as are likely wanted go through one process. */
  decodeZstd(at, end) {
    const whole = zlib.zstdDecompressSync
    this.ahead = at === this.expected ? Math.min(this.ahead * 2, 32 << 20) : 1 << 20
    const frames = []
    for (let here = at, total = 0; here < (frames.length ? this.length : end); ) {
      let found
      try {
        found = zstdFrame(this.read, here, frames.length ? this.length : end)
        if ((found[1] ?? 0) > frameLimit || found[0] > 2 * frameLimit)
          throw new Damage('a compressed frame is larger than the format allows')
      } catch (error) {
        if (!frames.length) throw error
        break // reading ahead only: whoever wants that frame will be told
      }
      if (frames.length && (found[1] === null || found[1] === -1 || total + found[1] > this.ahead)) break
      frames.push(found)
      here += found[0]
      total += found[1] ?? 0
      if (whole || found[1] === null || found[1] === -1) break
    }
    const [length, size] = frames[0]
    if (size === -1) return [[length, Buffer.alloc(0)]]
    const check = (data, wanted) => {
      if (!data || data.length > frameLimit || (wanted !== null && data.length !== wanted))
        throw new Damage('a compressed frame does not decode to its length')
      return data
    }
    if (whole)
      return [[length, check(whole(this.read(at, length), { maxOutputLength: Math.max(1, size ?? frameLimit) }), size)]]
    if (frames.length > 1) {
      const total = (column) => frames.reduce((sum, frame) => sum + frame[column], 0)
      let data = null
      try {
        data = filter('zstd', this.read(at, total(0)), total(1))
      } catch (error) {
        if (!(error instanceof Damage)) throw error // damage further on: take the first frame alone
      }
      let from = 0
      const next = (raw) => {
        from += raw
        return data.subarray(from - raw, from)
      }
      if (data?.length === total(1)) return frames.map(([stored, raw]) => [stored, next(raw)])
    }
    return [[length, check(filter('zstd', this.read(at, length), size ?? frameLimit), size)]]
  }

  /** `length` bytes that begin `inner` bytes inside what the frames in [at, at + stored) decode to. */
  *extract(at, stored, inner, length) {
    const end = at + stored
    if (![at, stored, inner, length].every(isCount) || end > this.length)
      throw new Damage('a reference points outside the archive')
    while (length) {
      let piece
      if (this.compression === 'none') {
        at += inner
        inner = 0
        piece = this.read(at, Math.max(0, Math.min(end - at, length, 1 << 20)))
        at += piece.length
        if (!piece.length) throw new Damage('a piece of content is shorter than promised')
      } else {
        if (at >= end) throw new Damage('a piece of content is shorter than promised')
        const [used, data] = this.frame(at, end)
        at += used
        piece = data.subarray(inner, inner + length)
        inner = Math.max(0, inner - data.length)
      }
      length -= piece.length
      yield piece
    }
  }

  /** All that the frames in [at, at + stored) decode to. */
  whole(at, stored) {
    if (this.compression === 'none') return this.read(at, stored)
    const parts = []
    for (let here = at; here < at + stored; ) {
      const [used, data] = this.frame(here, at + stored)
      parts.push(data)
      here += used
    }
    return Buffer.concat(parts)
  }

  /** root.json and its SHA-256, by the locator at the end of S (or manifest.json, where S has none). */
  loadRoot() {
    const [wrapper, inside] = locators[this.compression]
    let place
    if (!this.pub && ['xz', 'bzip2'].includes(this.compression)) {
      place = this.manifest().root
      const [suffix, flag] = this.compression === 'xz' ? ['xz', 'J'] : ['bz2', 'j']
      if (!Array.isArray(place))
        throw new Stop(
          `without manifest.json beside it, an unencrypted .tar.${suffix} is opened by: tar -x${flag}f ARCHIVE -C DIR --exclude '.bka'`,
        )
    } else {
      const tail = this.length >= wrapper ? this.read(this.length - wrapper, wrapper) : Buffer.alloc(64)
      const locator = tail.subarray(inside, inside + 64)
      if (
        locator.toString('latin1', 0, 8) !== 'BKALOC1\n' ||
        crc32(locator.subarray(0, 60)) !== locator.readUInt32BE(60)
      )
        throw new Damage('the archive is cut or damaged: it does not end with a locator')
      place = [8, 16, 24, 32].map((at) => Number(locator.readBigUInt64BE(at)))
      if (Number(locator.readBigUInt64BE(40)) !== this.length || (this.pub && this.pub.loc !== wrapper))
        throw new Damage("the archive's length is not what its locator says")
    }
    if (!(place[3] <= rootLimit)) throw new Damage('root.json is larger than the format allows')
    const data = Buffer.concat([...this.extract(...place)])
    const root = JSON.parse(utf8.decode(data))
    if (root.v !== 1 || root.incompat.length)
      throw new Stop(
        `this archive needs a newer recovery script (${display(Buffer.from(JSON.stringify(root.incompat)))})`,
      )
    if (this.pub && root.id !== this.pub.id) throw new Damage('header and root belong to different archives')
    if (
      !Number.isInteger(root.ord) ||
      root.toc.pages.some((page) => !(page.length >= 5)) ||
      root.deps.some(({ i }) => !(i >= 1))
    )
      throw new TypeError('root')
    Object.assign(this, { root, rootHash: sha256(data).toString('hex') })
    this.decoded.clear()
  }

  /** S as an ordinary compressed tar: without the bare locator that xz and bzip2 readers would trip over. */
  cat() {
    const end = this.length - (this.pub && ['xz', 'bzip2'].includes(this.compression) ? 64 : 0)
    const step = this.pub ? this.segmentSize - 16 : 1 << 20
    for (let at = 0; at < end; at += step) print(this.read(at, Math.min(step, end - at)))
  }
}

// ---------------------------------------------------------------- an archive together with those it builds on

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const asPath = (text) => (typeof text === 'string' ? Buffer.from(text) : fromBase64(text.pb))

/** One line of the table of contents, checked for shape. Paths are bytes. */
function parseEntry(line, pageHolder) {
  const row = JSON.parse(utf8.decode(line))
  const entry = {
    path: row.pb === undefined ? Buffer.from(row.p) : fromBase64(row.pb),
    link: row.lb !== undefined ? fromBase64(row.lb) : row.l !== undefined ? Buffer.from(row.l) : null,
    type: String(row.t),
    ...{
      mode: row.m & 0o7777,
      uid: row.u,
      gid: row.g,
      size: row.s ?? 0,
      mtime: BigInt(row.mt),
      hash: row.h,
      device: row.rd,
    },
    ...{
      torn: Boolean(row.torn),
      holder: row.r ?? 0,
      extent: row.x,
      chunks: row.ck,
      chunkList: row.ckx,
      acl: row.acl ?? {},
      pageHolder,
    },
    xattrs: Object.entries(row.xa ?? {}).map(([name, value]) => [name, fromBase64(value)]),
    sparse: row.sp !== undefined,
    regions: row.sp ?? [[0, row.s ?? 0]],
  }
  const has = 'fh'.includes(entry.type)
  if (![entry.size, entry.uid, entry.gid, row.m].every(isCount) || (has && typeof entry.hash !== 'string'))
    throw new TypeError('line')
  if ('hl'.includes(entry.type) && !entry.link) throw new TypeError('line')
  let end = 0
  for (const [at, length] of entry.regions) {
    if (!isCount(at) || !isCount(length) || at < end) throw new TypeError('sparse map')
    end = at + length
  }
  if (end > entry.size) throw new TypeError('sparse map')
  return entry
}

class Lineage {
  opened = new Map()

  constructor(path, secret) {
    Object.assign(this, { secret, top: new Archive(path, secret), base: join(dirname(resolve(path)), '..') })
  }

  /** The archive with this ordinal; 0 is the one that stores the page. Damage where it is missing or another. */
  holder(ordinal, pageHolder = 0) {
    const wanted = ordinal || pageHolder
    if (wanted === 0 || wanted === this.top.root.ord) return this.top
    if (!this.opened.has(wanted)) {
      try {
        this.opened.set(
          wanted,
          orDamage('the list of needed archives is malformed', () => this.openDependency(wanted)),
        )
      } catch (error) {
        note(error.message)
        this.opened.set(wanted, new Damage(error.message))
      }
    }
    const found = this.opened.get(wanted)
    if (found instanceof Damage) throw found
    return found
  }

  openDependency(ordinal) {
    const row = this.top.root.deps.find(({ i }) => i === ordinal)
    if (!row) throw new Damage(`archive number ${ordinal} is needed but not listed`)
    const name = display(Buffer.from(row.file))
    if (!/^[^/\0]+\/[^/\0]+$/.test(row.file) || row.file.split('/').includes('..'))
      throw new Damage(`a needed archive has an unsafe name: ${name}`)
    const path = join(this.base, row.file)
    if (!fs.existsSync(path))
      throw new Damage(`needed archive is missing: ${name} (looked for it at ${display(Buffer.from(path))})`)
    let archive
    try {
      archive = new Archive(path, this.secret)
    } catch (error) {
      throw new Damage(`needed archive ${name}: ${error.message}`)
    }
    if (archive.root.id !== row.id || archive.size !== row.size || archive.rootHash !== row.root)
      throw new Damage(`needed archive ${name} is not the one this archive was built on`)
    return archive
  }

  /** The entries of one page. */
  page([, at, stored, count, hash, ordinal = 0]) {
    return orDamage('it is malformed', () => {
      const data = this.holder(ordinal).whole(at, stored)
      if (sha256(data).toString('hex') !== hash) throw new Damage('its SHA-256 does not match')
      const entries = []
      for (let from = 0; from < data.length; ) {
        const end = data.indexOf(10, from)
        if (end < 0) throw new Damage('its last line is cut')
        entries.push(parseEntry(data.subarray(from, end), ordinal))
        from = end + 1
      }
      if (entries.length !== count) throw new Damage('its number of lines does not match')
      return entries
    })
  }

  /** All entries in order. A page that cannot be read is reported to `failed`, and the rest goes on. */
  *entries(failed) {
    const { pages } = this.top.root.toc
    for (const [number, row] of pages.entries()) {
      let entries = []
      try {
        entries = this.page(row)
      } catch (error) {
        if (!(error instanceof Damage)) throw error
        failed(
          `page ${number + 1} of ${pages.length} of the table of contents, ${this.extentOf(number)}: ${error.message}`,
        )
      }
      yield* entries
    }
  }

  /** What is lost with a page, for a message. */
  extentOf(number) {
    const [first, after] = this.top.root.toc.pages.slice(number, number + 2).map((row) => display(asPath(row[0])))
    return `${this.top.root.toc.pages[number][3]} entries from ${first} ${after === undefined ? 'on' : `to ${after}`}`
  }

  /** The entry with this path, or undefined. Pages are sorted component by component: '/' sorts before all else. */
  find(path) {
    const key = (bytes) => bytes.toString('latin1').replaceAll('/', '\0')
    const [{ pages }, wanted] = [this.top.root.toc, key(path)]
    let [low, high] = [0, pages.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (key(asPath(pages[middle][0])) <= wanted) low = middle + 1
      else high = middle
    }
    return low ? this.page(pages[low - 1]).find((entry) => entry.path.equals(path)) : undefined
  }

  /** The stored bytes of a file: all of it, or its data regions one after the other. */
  *content(entry) {
    let total = entry.regions.reduce((sum, [, length]) => sum + length, 0)
    if (entry.extent) yield* this.holder(entry.holder, entry.pageHolder).extract(...entry.extent, total)
    else if (entry.chunks || entry.chunkList) {
      let [chunks, zero] = [entry.chunks, entry.pageHolder]
      if (!chunks) {
        // too long for its line: the list is a piece of the archive, and 0 in it means that archive
        zero = entry.holder || entry.pageHolder
        if (!(entry.chunkList[3] <= rootLimit)) throw new Damage('a list of chunks is larger than the format allows')
        chunks = JSON.parse(Buffer.concat([...this.holder(zero).extract(...entry.chunkList)]).toString())
      }
      for (const [ordinal, at, stored, inner, length, hash] of chunks) {
        const digest = crypto.createHash('sha256')
        for (const piece of this.holder(ordinal, zero).extract(at, stored, inner, length)) {
          digest.update(piece)
          yield piece
        }
        if (hash && digest.digest('hex') !== hash) throw new Damage('the SHA-256 of a chunk does not match')
        total -= length
      }
      if (total) throw new Damage('its chunks do not add up to its size')
    } else if (total) throw new Damage('the archive does not say where its content is')
  }

  /** The logical content of a file into an empty file, holes left out. Damage where it is not what was backed up. */
  write(entry, fd) {
    const digest = crypto.createHash('sha256')
    const zeros = Buffer.alloc(1 << 20)
    let [at, left, next] = [0, 0, 0]
    const hole = (end) => {
      for (; at < end; at += zeros.length) digest.update(zeros.subarray(0, Math.min(zeros.length, end - at)))
      at = end
    }
    // What the file system cannot hold is told before hours go into it.
    fs.ftruncateSync(fd, entry.size)
    orDamage('its place in the archive is malformed', () => {
      for (let piece of this.content(entry))
        while (piece.length) {
          while (!left) {
            if (next === entry.regions.length) throw new Damage('it has more content than its size')
            hole(entry.regions[next][0])
            left = entry.regions[next++][1]
          }
          const part = piece.subarray(0, left)
          piece = piece.subarray(part.length)
          digest.update(part)
          writing(() => writeAll(fd, part, at))
          at += part.length
          left -= part.length
        }
    })
    hole(entry.size)
    if (digest.digest('hex') !== entry.hash) throw new Damage('its SHA-256 does not match')
  }
}

/** A failure to write must not look like damage of the archive. */
function writing(use) {
  try {
    return use()
  } catch (error) {
    throw new Stop(`cannot write: ${error.code}`)
  }
}

function writeAll(fd, bytes, at = null) {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += fs.writeSync(fd, bytes, done, bytes.length - done, at === null ? null : at + done)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5) // a pipe that is full for now
    }
  }
}

/** To stdout; a reader that went away ends us quietly. */
function print(bytes) {
  try {
    writeAll(1, bytes)
  } catch (error) {
    if (error.code === 'EPIPE') process.exit(1)
    throw new Stop(`cannot write: ${error.code}`)
  }
}

// ---------------------------------------------------------------- restoring

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = fs.constants
const unwritable = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']
const slash = Buffer.from('/')

/**
 * A name in an open directory, as openat would take it: /proc/self/fd/N/name cannot be led astray by a symlink put in
 * the way meanwhile, and is short however deep the directory lies.
 */
const inside = (fd, name) => Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name])
/** The same for a child process. */
const forChild = (fd, name) => `/proc/${process.pid}/fd/${fd}${name ? `/${name}` : ''}`
const parentOf = (path) => path.subarray(0, Math.max(0, path.lastIndexOf(slash)))
const nameOf = (path) => path.subarray(path.lastIndexOf(slash) + 1)

function split(path) {
  return path.length
    ? path
        .toString('latin1')
        .split('/')
        .map((part) => Buffer.from(part, 'latin1'))
    : []
}

const keptOpen = 48

/** A second descriptor of an open directory. */
function again(fd) {
  return fs.openSync(`/proc/self/fd/${fd}`, O_RDONLY | O_DIRECTORY)
}

/** Whether a path is that folder or lies below it. */
function isBelow(path, folder) {
  if (path.length < folder.length || !path.subarray(0, folder.length).equals(folder)) return false
  return path.length === folder.length || path[folder.length] === 0x2f
}

/** Writes entries below one directory. Parents are opened one by one and never through a symlink. */
class Restore {
  folders = []
  kept = []
  notWritten = new Set()
  told = new Set()
  counts = { done: 0, refused: 0, torn: 0, damaged: 0 }
  blocked = null
  root = process.geteuid() === 0

  constructor(lineage, target, intoExisting) {
    Object.assign(this, { lineage, intoExisting })
    fs.mkdirSync(target, { recursive: true })
    this.target = fs.openSync(target, O_RDONLY | O_DIRECTORY)
    if (!fs.existsSync(`/proc/self/fd/${this.target}`))
      throw new Stop('restore needs Linux with /proc; recover.py does without')
    if (fs.readdirSync(target).length && !intoExisting)
      throw new Stop(
        `${display(Buffer.from(target))} is not empty: restore into a new or empty directory, or add --into-existing`,
        2,
      )
    this.last = { path: null, fd: -1 }
    if (!this.root) this.once('not running as root: everything belongs to you, and no devices are made')
  }

  once(text) {
    if (!this.told.has(text)) note(text)
    this.told.add(text)
  }

  fail(what) {
    this.counts.damaged++
    note(`damaged: ${what}`)
  }

  refuse(entry, why) {
    this.counts.refused++
    note(`refused: ${display(entry.path)}: ${why}`)
  }

  /** A descriptor of the directory, opened step by step from the nearest one that is kept open. The caller closes it. */
  openFolder(path, create) {
    let near = { path: Buffer.alloc(0), fd: this.target }
    for (const kept of this.kept) if (kept.path.length > near.path.length && isBelow(path, kept.path)) near = kept
    let fd = again(near.fd)
    let end = near.path.length
    const names = split(end ? path.subarray(end + 1) : path)
    for (const [at, name] of names.entries()) {
      const above = fd
      const here = inside(above, name)
      try {
        if (create)
          try {
            fs.mkdirSync(here)
          } catch (error) {
            if (error.code !== 'EEXIST') throw error
          }
        fd = fs.openSync(here, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      } catch (error) {
        if (['ENOTDIR', 'ELOOP'].includes(error.code)) throw new Refused('a directory above it is a symlink or a file')
        throw error
      } finally {
        fs.closeSync(above)
      }
      end += name.length + (end ? 1 : 0)
      if (names.length - at <= keptOpen) this.keep(path.subarray(0, end), fd)
    }
    return fd
  }

  /** Remembers the last few: whoever goes up or down a deep tree need not begin at its top every time. */
  keep(path, fd) {
    if (this.kept.length >= keptOpen) fs.closeSync(this.kept.shift().fd)
    this.kept.push({ path, fd: again(fd) })
  }

  /** The same for the parent of entry after entry: the last one is kept open. */
  parent(path) {
    if (this.last.path?.equals(path)) return this.last.fd
    const fd = this.openFolder(path, true)
    if (this.last.path) fs.closeSync(this.last.fd)
    this.last = { path, fd }
    return fd
  }

  entry(entry) {
    try {
      const { path } = entry
      if (!path.length && entry.type === 'd') return // the root of the file system was backed up: that is DIR itself
      const parts = path.toString('latin1').split('/')
      if (path.includes(0) || path.length > 65535 || parts.some((part) => ['', '.', '..'].includes(part)))
        throw new Refused('unsafe path')
      if (parts[0] === '.bka') throw new Refused('reserved name')
      if (this.blocked && path.subarray(0, this.blocked.length).equals(this.blocked))
        throw new Refused('it lies below something that is not a directory')
      if (entry.type !== 'd') this.blocked = Buffer.concat([path, slash])
      this.make(entry, this.parent(parentOf(path)), nameOf(path))
      this.counts.done++
      if (!entry.torn) return
      this.counts.torn++
      note(`torn: ${display(path)} changed while it was backed up`)
      return
    } catch (error) {
      if (error instanceof Refused) this.refuse(entry, error.message)
      else if (error instanceof Damage) this.fail(`${display(entry.path)}: ${error.message}`)
      else if (error instanceof Stop) throw error
      else if (unwritable.includes(error.code)) throw new Stop(`cannot write ${display(entry.path)}: ${error.code}`)
      else this.refuse(entry, error.code ?? error.message)
    }
    this.notWritten.add(entry.path.toString('latin1'))
  }

  make(entry, parent, name) {
    const there = fs.lstatSync(inside(parent, name), { throwIfNoEntry: false })
    if (there && !(entry.type === 'd' && there.isDirectory())) throw new Refused('it exists already')
    if (there) return // a directory that was there keeps its attributes
    if (entry.type === 'd') {
      fs.mkdirSync(inside(parent, name), 0o700)
      this.folders.push(entry)
    } else if (entry.type === 'f' || (entry.type === 'h' && !this.linked(entry, parent, name)))
      this.file(entry, parent, name)
    else if (entry.type === 'l') {
      fs.symlinkSync(entry.link, inside(parent, name))
      this.attributes(entry, { parent, name })
    } else if ('pcb'.includes(entry.type)) this.special(entry, parent, name)
    else if (entry.type !== 'h')
      throw new Refused(`its type is unknown to this script: ${display(Buffer.from(entry.type))}`)
  }

  /** Under a name of its own until the SHA-256 has matched. */
  file(entry, parent, name) {
    const temporary = inside(parent, Buffer.from(`.hf-${crypto.randomBytes(8).toString('hex')}`))
    const fd = fs.openSync(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    try {
      this.lineage.write(entry, fd)
      this.attributes(entry, { fd })
      fs.renameSync(temporary, inside(parent, name))
    } catch (error) {
      fs.unlinkSync(temporary)
      throw error
    } finally {
      fs.closeSync(fd)
    }
  }

  /** FIFOs and devices: Node cannot make them, and its children take no names that are not UTF-8, hence the detour. */
  special(entry, parent, name) {
    if (entry.type !== 'p' && !this.root) throw new Refused('only root can make a device')
    // The kernel would take another device for it.
    if (entry.type !== 'p' && !(entry.device[0] <= 0xfff && entry.device[1] <= 0xfffff))
      throw new Refused('its device number is impossible')
    const temporary = `.hf-${crypto.randomBytes(8).toString('hex')}`
    const numbers = entry.type === 'p' ? [] : entry.device.map((number) => String(Number(number)))
    const [command, ...rest] = entry.type === 'p' ? ['mkfifo'] : ['mknod']
    const made = spawnSync(
      command,
      [...rest, '-m', '600', forChild(parent, temporary), ...(entry.type === 'p' ? [] : [entry.type, ...numbers])],
      {
        stdio: 'ignore',
      },
    )
    if (made.status !== 0) throw new Refused(`the command ${command} failed or is missing`)
    fs.renameSync(inside(parent, Buffer.from(temporary)), inside(parent, name))
    this.attributes(entry, { parent, name })
  }

  /** True where the other name of a hard link was restored and is linked to. If not, the content is written again. */
  linked(entry, parent, name) {
    const { link } = entry
    if (
      this.notWritten.has(link.toString('latin1')) ||
      split(link).some((part) => ['', '.', '..'].includes(part.toString('latin1')))
    )
      return false
    let [folder, file] = [-1, -1]
    try {
      folder = this.openFolder(parentOf(link), false)
      file = fs.openSync(inside(folder, nameOf(link)), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
      const found = fs.fstatSync(file)
      if (!found.isFile() || found.size !== entry.size || (this.intoExisting && hashOf(file) !== entry.hash))
        return false
      fs.linkSync(inside(folder, nameOf(link)), inside(parent, name))
      return true
    } catch (error) {
      if (error.code || error instanceof Refused) return false
      throw error
    } finally {
      for (const fd of [folder, file]) if (fd >= 0) fs.closeSync(fd)
    }
  }

  /**
   * Owner, extended attributes, ACLs, mode and time, in this order: each would undo a later one. By descriptor, or by
   * a name in a directory that must not be followed. Node takes times as a double of seconds: what lies below a
   * microsecond is lost (recover.py keeps it). As text, because it takes a negative number for a mistake.
   */
  attributes(entry, { fd, parent, name }) {
    const path = fd === undefined ? inside(parent, name) : null
    let { mode } = entry
    if (this.root)
      this.attempt('owners', () =>
        path ? fs.lchownSync(path, entry.uid, entry.gid) : fs.fchownSync(fd, entry.uid, entry.gid),
      )
    else if (entry.uid !== process.geteuid() || entry.gid !== process.getegid()) mode &= 0o1777 // set-user-id for another owner would be a gift to the wrong user
    if (path && (entry.xattrs.length || Object.keys(entry.acl).length))
      this.once('extended attributes of symlinks and FIFOs are not restored; recover.py does')
    else if (!path) this.extended(entry, forChild(fd))
    if (entry.type !== 'l') this.attempt('modes', () => (path ? fs.chmodSync(path, mode) : fs.fchmodSync(fd, mode)))
    const seconds = String(Number(entry.mtime / 1000n) / 1e6)
    this.attempt('times', () => (path ? fs.lutimesSync(path, seconds, seconds) : fs.futimesSync(fd, seconds, seconds)))
  }

  /** Node has no calls for these; the commands of the packages attr and acl have. */
  extended(entry, path) {
    for (const [name, value] of entry.xattrs) {
      const done = spawnSync('setfattr', ['-n', name, '-v', `0x${value.toString('hex')}`, path], { stdio: 'ignore' })
      if (done.status !== 0)
        this.once(
          `some extended attributes (${display(Buffer.from(name.split('.')[0]))}) could not be restored${done.error ? ': install the package attr' : ''}`,
        )
    }
    const rows = []
    for (const [kind, prefix] of [
      ['access', ''],
      ['default', 'default:'],
    ])
      for (const row of String(entry.acl[kind] ?? '')
        .split(/[,\n]/)
        .filter(Boolean)) {
        const [tag, who, permissions, number] = row.trim().split(':')
        rows.push(`${prefix}${tag}:${number ?? who}:${permissions}\n`)
      }
    if (!rows.length) return
    const done = spawnSync('setfacl', ['-M', '-', path], { input: rows.join(''), stdio: ['pipe', 'ignore', 'ignore'] })
    if (done.status !== 0) this.once(`some ACLs could not be restored${done.error ? ': install the package acl' : ''}`)
  }

  attempt(what, call) {
    try {
      call()
    } catch (error) {
      this.once(`some ${what} could not be restored: ${error.code ?? error.message}`)
    }
  }

  /** Modes and times of directories, the deepest first: writing into them would change both. */
  finish() {
    for (const entry of this.folders.reverse()) {
      try {
        const fd = this.openFolder(entry.path, false)
        this.attributes(entry, { fd })
        fs.closeSync(fd)
      } catch {
        this.once('some directories were changed by someone else during the restore')
      }
    }
    const { done, refused, torn, damaged } = this.counts
    note(`${done} entries restored, ${refused} refused, ${torn} torn, ${damaged} damaged`)
    const healed = [this.lineage.top, ...this.lineage.opened.values()].some((archive) => archive.healed)
    return damaged ? 4 : refused || torn || healed ? 3 : 0
  }
}

function hashOf(fd) {
  const [digest, buffer] = [crypto.createHash('sha256'), Buffer.alloc(1 << 20)]
  for (let count = fs.readSync(fd, buffer); count; count = fs.readSync(fd, buffer))
    digest.update(buffer.subarray(0, count))
  return digest.digest('hex')
}

// ---------------------------------------------------------------- what the operator sees

/** A path for a terminal: nothing in it can move the cursor or turn the text around. */
function display(path) {
  const numeric = (char) => {
    const code = char.codePointAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  }
  try {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\x1b': '\\e', '\\': '\\\\' }
    const unsafe = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\\]/g
    return utf8.decode(path).replace(unsafe, (char) => short[char] ?? numeric(char))
  } catch {
    return path.toString('latin1').replace(/[^ -[\]-~]/g, numeric)
  }
}

function describe(entry) {
  const bits = [...'rwxrwxrwx'].map((letter, at) => ((entry.mode >> (8 - at)) & 1 ? letter : '-'))
  for (const [at, bit, letter] of [
    [2, 0o4000, 's'],
    [5, 0o2000, 's'],
    [8, 0o1000, 't'],
  ])
    if (entry.mode & bit) bits[at] = bits[at] === 'x' ? letter : letter.toUpperCase()
  const kind = 'fh'.includes(entry.type) ? '-' : display(Buffer.from(entry.type))
  const size = 'cb'.includes(entry.type) && entry.device ? entry.device.join(',') : String(entry.size)
  let seconds = entry.mtime / 1_000_000_000n
  if (entry.mtime % 1_000_000_000n < 0n) seconds -= 1n
  const when = new Date(Number(seconds) * 1000)
  const year = when.getUTCFullYear()
  const time = year >= 1 && year <= 9999 ? when.toISOString().slice(0, 19).replace('T', ' ') : `@${seconds}`
  const tail = { l: ' -> ', h: ' link to ' }[entry.type]
  const name =
    display(entry.path.length ? entry.path : slash) +
    (tail ? tail + display(entry.link) : '') +
    (entry.torn ? ' [torn]' : '')
  return `${kind}${bits.join('')} ${entry.uid}/${entry.gid} ${size.padStart(12)} ${time} ${name}`
}

function list(lineage) {
  let failures = 0
  let lines = []
  const flush = () => {
    print(Buffer.from(lines.join('')))
    lines = []
  }
  const failed = (what) => {
    failures++
    note(`damaged: ${what}`)
  }
  for (const entry of lineage.entries(failed)) if (lines.push(`${describe(entry)}\n`) > 1000) flush()
  flush()
  return failures ? 4 : 0
}

function get(lineage, path) {
  const wanted = Buffer.from(path.toString('latin1').replace(/^\/+|\/+$/g, ''), 'latin1')
  const entry = lineage.find(wanted)
  if (!entry) throw new Stop(`the archive has no ${display(wanted)}`)
  if (!['f', 'h'].includes(entry.type)) throw new Stop(`${display(wanted)} is no file: ${describe(entry)}`)
  // A file without a name: nothing stays behind, and not a byte goes out before the last one is checked.
  const folder = fs.mkdtempSync(join(os.tmpdir(), 'hf-'))
  const fd = fs.openSync(join(folder, 'spool'), O_RDWR | O_CREAT | O_EXCL, 0o600)
  fs.rmSync(folder, { recursive: true })
  lineage.write(entry, fd)
  const buffer = Buffer.alloc(1 << 20)
  for (let at = 0, count = 1; count; at += count) {
    count = fs.readSync(fd, buffer, 0, buffer.length, at)
    print(buffer.subarray(0, count))
  }
  if (entry.torn) note(`torn: ${display(wanted)} changed while it was backed up`)
  return entry.torn ? 3 : 0
}

/** The arguments as bytes: Node itself gives them as text, which loses names that are not UTF-8. */
function rawArguments() {
  const words = process.argv.slice(2)
  try {
    const raw = fs.readFileSync('/proc/self/cmdline').toString('latin1').split('\0').slice(0, -1)
    return words.length ? raw.slice(-words.length).map((word) => Buffer.from(word, 'latin1')) : []
  } catch {
    return words.map((word) => Buffer.from(word))
  }
}

function run() {
  const [words, rest] = [[], rawArguments()]
  let [keyfile, intoExisting] = ['', false]
  while (rest.length) {
    const bytes = rest.shift()
    const word = bytes.toString()
    if (word === '--') words.push(...rest.splice(0))
    else if (word === '-h' || word === '--help') {
      print(Buffer.from(manual))
      return 0
    } else if (word === '--into-existing') intoExisting = true
    else if (word === '--keyfile' && rest.length) keyfile = rest.shift()
    else if (word.startsWith('--keyfile=')) keyfile = bytes.subarray(10)
    else if (word.startsWith('--')) throw new Stop(`unknown option ${word}\n${manual}`, 2)
    else words.push(bytes)
  }
  const [archive, command] = words.map(String)
  if ({ list: 2, cat: 2, get: 3, restore: 3 }[command] !== words.length) throw new Stop(`usage\n${manual}`, 2)
  const secret = new Secret(keyfile)
  if (command === 'cat') {
    new Archive(archive, secret, 'stream').cat()
    return 0
  }
  const lineage = new Lineage(archive, secret)
  if (command === 'list') return list(lineage)
  if (command === 'get') return get(lineage, words[2])
  const restore = new Restore(lineage, words[2].toString(), intoExisting)
  for (const entry of lineage.entries((what) => restore.fail(what))) restore.entry(entry)
  return restore.finish()
}

try {
  process.exitCode = run()
} catch (error) {
  note(error instanceof Stop ? error.message : `failed: ${error.code ?? ''} ${error.message}`)
  process.exitCode = error instanceof Stop ? error.code : 1
}
