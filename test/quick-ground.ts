import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where tests stand, for it to be quick: variables that vitest hands to all of them. */
export function quickGround(environment: NodeJS.ProcessEnv): Record<string, string> {
  return { ...scratchInMemory(environment), ...pythonItself(environment) }
}

const memory = '/dev/shm'
const leastBytes = 4 * 1024 ** 3

/**
 * Scratch files lie in memory where there is enough of it and it can all that the tests ask of a disk: no test cuts the
 * power, and what waits for a disk there is only slow. The long run stays on the disk, and so does who sets TMPDIR.
 */
function scratchInMemory({ TMPDIR, HOLDFAST_LONG }: NodeJS.ProcessEnv): Record<string, string> {
  const isAsked = TMPDIR !== undefined || HOLDFAST_LONG === '1'
  return !isAsked && hasRoom() && canAll() ? { TMPDIR: memory } : {}
}

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(memory)
    const [, free = '0'] = /^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? []
    return bavail * bsize >= leastBytes && Number(free) * 1024 >= 2 * leastBytes
  } catch {
    return false // there is none
  }
}

/** Programs run from there; extended attributes and access control lists hold. */
function canAll(): boolean {
  let place: string | undefined
  try {
    place = mkdtempSync(join(memory, 'holdfast-ground-'))
    const file = join(place, 'file')
    writeFileSync(file, '#!/bin/sh\n')
    chmodSync(file, 0o755)
    const does = (command: string, ...words: string[]): boolean => spawnSync(command, [...words, file]).status === 0
    return (
      spawnSync(file).status === 0 &&
      does('setfattr', '-n', 'user.holdfast', '-v', 'x') &&
      does('setfacl', '-m', 'u:1:r')
    )
  } catch {
    return false // it cannot be written
  } finally {
    if (place !== undefined) rmSync(place, { recursive: true, force: true })
  }
}

/** A version manager's python3 is a script that takes longer than what it starts: the directory of the true one goes first. */
function pythonItself({ PATH = '' }: NodeJS.ProcessEnv): Record<string, string> {
  const asked = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' })
  const executable = asked.status === 0 ? asked.stdout.trim() : ''
  const directory = dirname(executable)
  // One that is asked already is not put before the others: it has other programs, too.
  const isNew = executable.startsWith('/') && !PATH.split(':').includes(directory)
  return isNew ? { PATH: `${directory}:${PATH}` } : {}
}
