import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `npm run demo`: the main job on real files, in a scratch repository. What was restored is then compared by programs
 * that are no part of Holdfast, since a tool's own word that it works is worth little. Stops with exit 1 at the first
 * thing that is not as it should be.
 */

const home = realpathSync(fileURLToPath(new URL('..', import.meta.url)))
const modules = ['.bin', '@types', 'fast-check', 'tar', 'typescript', 'vitest', 'zod']
const tree = ['src', 'docs', 'test', ...modules.map((name) => `node_modules/${name}`)].join(' ')

const keep = process.argv.includes('--keep')
const odd = process.argv.slice(2).find((arg) => arg !== '--keep')
if (odd !== undefined) {
  console.error(`error: the demo has no option ${odd}\nhint: npm run demo, or npm run demo -- --keep`)
  process.exit(2)
}

class Stopped extends Error {}

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-demo-')))
const root = join(scratch, 'data', 'backup')
// What the commands shown name by $…; the programs that prove something keep the home they may need.
const variables = { DEMO: scratch, TREE: tree }
const plain = { ...withoutSettings(process.env), ...variables }
const holdfast = { ...plain, HOME: join(scratch, 'home'), BACKUP_DIR: root }
const unproven: string[] = []
let interrupted = false
// The child hears Ctrl-C too and ends by itself; what is left to do here is the cleaning.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    interrupted = true
  })

const began = performance.now()
try {
  await demonstrate()
} catch (error) {
  process.exitCode = interrupted ? 130 : 1
  console.error(`\nerror: ${error instanceof Stopped ? error.message : String(error)}`)
  if (!keep && !interrupted) console.error('hint: npm run demo -- --keep leaves everything in place to look at')
} finally {
  if (keep) console.log(`\nkept: ${scratch}`)
  else rmSync(scratch, { recursive: true, force: true })
}

async function demonstrate(): Promise<void> {
  mkdirSync(holdfast.HOME)
  say(
    'Everything happens in a directory of its own, laid out as a checkout is:',
    'backups in data/backup, the key in a home. Your own are not touched.',
  )
  console.log(`\n$ DEMO=${quoted(scratch)}`)
  console.log('$ export HOME="$DEMO/home" BACKUP_DIR="$DEMO/data/backup"')
  await run('bin/holdfast init')
  const key = only(join(holdfast.HOME, '.config', 'holdfast'), '.key')

  say('Real files: this program, its tests, some of what it is built with.')
  console.log(`\n$ TREE='${tree}'`)
  await run("bin/holdfast create $TREE --description 'the first one'")
  await run('bin/holdfast list')

  say('What would a restore do? The plan says; nothing is written.')
  await run('bin/holdfast restore latest --target "$DEMO/restored" --dry-run')
  say('Now it does exactly that.')
  // Only root can give files away: who runs this in another user's checkout is told so, by a warning and exit 3.
  const allowed = (await ownsAll()) ? [0] : [0, 3]
  await run('bin/holdfast restore latest --target "$DEMO/restored"', holdfast, undefined, allowed)

  say('Is it the same? That is not for Holdfast to say.')
  const contentCompared = await compareContent('restored')
  const attributesCompared = await compareAttributes('restored')

  const python = await works("python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))'")
  say(`And without Holdfast: a ${python ? 'Python' : 'Node'} script that lies beside the archives.`)
  const id = only(join(root, 'archives'), '')
  const archive = `"$DEMO/data/backup/archives/${id}/paths.tar.zst.enc"`
  const script = `${python ? 'python3' : 'node'} "$DEMO/data/backup/recovery/recover.${python ? 'py' : 'mjs'}"`
  const keyFile = `"$DEMO/home/.config/holdfast/${key}"`
  await run(`${script} ${archive} restore "$DEMO/rescued" --keyfile ${keyFile}`, plain, undefined, allowed)
  if (contentCompared) await compareContent('rescued')
  // Node cannot set nanoseconds, so its script's times are close and not equal.
  if (attributesCompared && python) await compareAttributes('rescued')

  await run('bin/holdfast verify latest')
  conclude()
}

function conclude(): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  if (unproven.length === 0) say(`Backed up, restored, compared: equal. It took ${seconds} s.`)
  else {
    say(`Backed up and restored in ${seconds} s; no difference where it was compared.`, 'Not proved here:')
    for (const line of unproven) console.log(`  ${line}`)
  }
  say('Next, with your own files:')
  console.log(`  export PATH=$PWD/bin:$PATH
  export BACKUP_DIR=/var/backups/holdfast     # on another disk, if there is one
  holdfast init
  holdfast create /etc
  holdfast restore latest --dry-run
README.md goes on from there.`)
}

/** False where there is no diff that can leave links alone. */
async function compareContent(copy: string): Promise<boolean> {
  if (!(await works('diff -r --no-dereference docs docs'))) {
    unproven.push('that every file has its content: there is no GNU diff')
    return false
  }
  const other = `"$DEMO/${copy}"${quoted(home)}/$p`
  await run(`for p in $TREE; do diff -r --no-dereference $p ${other} || exit; done`, plain, 'no difference')
  return true
}

/** Type, mode, owner, time in nanoseconds, size and link target of everything. False where there is no find for it. */
async function compareAttributes(copy: string): Promise<boolean> {
  if (!(await works("find docs -maxdepth 0 -printf ''"))) {
    unproven.push('that types, modes, owners and times are the same: there is no GNU find')
    return false
  }
  const owners = await ownsAll()
  const foreign = 'that owners are the same: some files are not yours, and only root can give files away'
  if (!owners && !unproven.includes(foreign)) unproven.push(foreign)
  // The size of a directory is the file system's own affair.
  const format = `'%p %y %m ${owners ? '%U:%G ' : ''}%T@ %l ' \\( -type f -printf '%s\\n' -o -printf '\\n' \\)`
  const listing = (name: string): string => `find $TREE -printf ${format} |\n    LC_ALL=C sort > "$DEMO/${name}.list"`
  await run(listing('checkout'), plain)
  await run(`cd "$DEMO/${copy}"${quoted(home)} && ${listing(copy)}`, plain)
  const [before, after] = ['checkout', copy].map((name) => readFileSync(join(scratch, `${name}.list`), 'latin1'))
  const lines = before!.split('\n').length - 1
  if (lines < 100) throw new Stopped(`the listing has only ${lines} lines, so it proves nothing`)
  const equal = `no difference in ${lines} lines`
  if (await works('diff docs docs')) await run(`diff "$DEMO/checkout.list" "$DEMO/${copy}.list"`, plain, equal)
  else if (before === after) console.log(`(${equal})`)
  else throw new Stopped(`checkout.list and ${copy}.list differ`)
  return true
}

/** Whether a restore can give every file back to its owner. */
async function ownsAll(): Promise<boolean> {
  return process.getuid?.() === 0 || works('test -z "$(find $TREE ! -user "$(id -u)" -print -quit)"')
}

/** Shows a command, then lets it speak for itself. Throws Stopped where it does not end as it should. */
async function run(
  script: string,
  environment: NodeJS.ProcessEnv = holdfast,
  whenDone?: string,
  allowed: readonly (number | string)[] = [0],
): Promise<void> {
  console.log(`\n$ ${script}`)
  const status = await ended(script, environment, 'inherit')
  if (interrupted) throw new Stopped('interrupted')
  if (!allowed.includes(status)) throw new Stopped(`it ended with ${status}, not with 0; the demo stops here`)
  if (whenDone !== undefined) console.log(`(${whenDone})`)
}

async function works(script: string): Promise<boolean> {
  return (await ended(script, plain, 'ignore')) === 0
}

function ended(script: string, env: NodeJS.ProcessEnv, output: 'inherit' | 'ignore'): Promise<number | string> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', script], { cwd: home, env, stdio: ['ignore', output, output] })
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'nothing'))
  })
}

/** The one name in a directory that ends so. */
function only(directory: string, ending: string): string {
  const names = readdirSync(directory).filter((name) => name.endsWith(ending))
  if (names.length !== 1) throw new Stopped(`${directory} should hold one ${ending}, and holds ${names.length}`)
  return names[0]!
}

/** What steers a Holdfast must not reach this one: neither a real repository nor a real key. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const steers = /^(BACKUP_|S3_|AWS_|JULES_|HOLDFAST_)/
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !steers.test(name)))
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function say(...lines: string[]): void {
  console.log(`\n${lines.map((line) => `# ${line}`).join('\n')}`)
}
