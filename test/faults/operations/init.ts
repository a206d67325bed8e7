import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Operation } from '../operation.ts'

const names = ['archives', 'keys', 'locks', 'metadata.json', 'recovery', 'runs', 'schedules.json', 'temp']

export const init: Operation = {
  name: 'init',
  about: 'A new repository where there is none.',
  changes: [],
  prepare: async () => [],
  async perform(engine) {
    await engine.init({ passphrase: null })
    return { exitCode: 0 }
  },
  async judgeAgain({ place: { root } }) {
    return names
      .filter((name) => !existsSync(join(root, name)))
      .map((name) => `${name} is not among ${readdirSync(root)}`)
  },
}
