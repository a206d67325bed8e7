/**
 * Paths as bytes.
 *
 * A file name on Linux is bytes, not text. A BytePath is a string with one char (0–255) per byte, so it
 * compares, slices and hashes as the bytes do, costs no Buffer, and can hold names that are not UTF-8.
 * A stored path has no leading slash; the file system's root itself is the empty path.
 */
export type BytePath = string & { readonly __bytePath: true }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()
const isAscii = /^[\x00-\x7f]*$/

export const rootPath = '' as BytePath

/** The bytes of `text` in UTF-8. */
export function pathFromText(text: string): BytePath {
  if (isAscii.test(text)) return text as BytePath
  return pathFromBytes(encoder.encode(text))
}

export function pathFromBytes(bytes: Uint8Array): BytePath {
  let path = ''
  for (let at = 0; at < bytes.length; at += 4096) path += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return path as BytePath
}

export function pathToBytes(path: BytePath): Uint8Array {
  const bytes = new Uint8Array(path.length)
  for (let at = 0; at < path.length; at++) bytes[at] = path.charCodeAt(at)
  return bytes
}

/** The path as text, or null where its bytes are not UTF-8. */
export function pathToText(path: BytePath): string | null {
  if (isAscii.test(path)) return path
  try {
    return utf8.decode(pathToBytes(path))
  } catch {
    return null
  }
}

const unprintable = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\\]/g
const shortEscapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\x1b': '\\e', '\\': '\\\\' }

/** Text made safe for a terminal: control characters and direction overrides are printed as escapes. */
export function printable(text: string): string {
  return text.replace(unprintable, (char) => {
    const code = char.charCodeAt(0)
    return shortEscapes[char] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`)
  })
}

/** The path for a person: UTF-8 where it is, other bytes as \xNN, nothing that could move a cursor. */
export function displayPath(path: BytePath): string {
  const text = pathToText(path)
  if (text !== null) return printable(text)
  return path.replace(/[^\x20-\x5b\x5d-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** Order of the walk: component by component, by bytes; a directory before what lies in it. */
export function comparePaths(a: BytePath, b: BytePath): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x !== y) return (x === 0x2f ? 0 : x) - (y === 0x2f ? 0 : y)
  }
  return a.length - b.length
}

/** True where `path` is `ancestor` or lies below it. */
export function isWithin(path: BytePath, ancestor: BytePath): boolean {
  if (ancestor === '') return true
  return path.startsWith(ancestor) && (path.length === ancestor.length || path.charCodeAt(ancestor.length) === 0x2f)
}

export function parentOf(path: BytePath): BytePath {
  const slash = path.lastIndexOf('/')
  return (slash < 0 ? '' : path.slice(0, slash)) as BytePath
}

export function nameOf(path: BytePath): BytePath {
  return path.slice(path.lastIndexOf('/') + 1) as BytePath
}

export function joinPath(directory: BytePath, name: BytePath): BytePath {
  if (directory === '' || directory === '/') return `${directory}${name}` as BytePath
  return `${directory}/${name}` as BytePath
}

/** A stored path: absolute path without its leading slashes. */
export function storedPathOf(absolute: BytePath): BytePath {
  return absolute.replace(/^\/+/, '') as BytePath
}

/** Why a stored path from an archive may not be used, or null where it may. */
export function unsafePath(path: BytePath): 'absolute' | 'escapes' | 'malformed' | null {
  if (path.startsWith('/')) return 'absolute'
  if (path.includes('\0') || path === '' || path.length > 65_535) return 'malformed'
  for (const part of path.split('/')) {
    if (part === '..') return 'escapes'
    if (part === '' || part === '.') return 'malformed'
  }
  return null
}

/** A path in JSON: text, or base64 where its bytes are not UTF-8. */
export type JsonPath = string | { readonly pb: string }

export function pathFromJson(json: JsonPath): BytePath {
  if (typeof json === 'string') return pathFromText(json)
  return pathFromBytes(Uint8Array.from(atob(json.pb), (char) => char.charCodeAt(0)))
}
