import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Deed } from './child.ts'
import type { EngineProcess } from './engine-process.ts'
import type { FaultKind } from './faulty-files.ts'
import { archiveOf, filesOf, idsIn, isSafety, litterIn, wrongOutcome, wrongRepository } from './judge.ts'
import type { Answer, Beginning, Evidence, Operation, Place } from './operation.ts'
import { Witness } from './witness.ts'

/** One case: the call that fails, and how. */
export interface Case {
  readonly at: number
  readonly kind: FaultKind
  /** Names of the calls that are counted; null: all. */
  readonly calls: string | null
}

export interface Verdict {
  /** False where the run made fewer calls than that. */
  readonly struck: boolean
  /** What was wrong, in sentences; nothing where the fault was survived. */
  readonly problems: readonly string[]
}

/** In memory where that is possible: thousands of cases wait for no disk, and what fails is decided by the number alone. */
export function scratchDirectory(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdfast-matrix-'))
}

/** One operation, ready to be done again and again from the same beginning, under one fault after another. */
export class Trial {
  readonly operation: Operation
  readonly #engine: EngineProcess
  readonly #top: string
  readonly #place: Place
  readonly #witness: Witness
  #before: Beginning = { backups: [], stored: new Map(), source: {}, files: new Map(), catalog: null }

  private constructor(operation: Operation, engine: EngineProcess) {
    this.operation = operation
    this.#engine = engine
    this.#top = scratchDirectory()
    const at = (name: string): string => join(this.#top, name)
    this.#place = {
      root: at('repository'),
      home: at('home'),
      source: at('source'),
      target: at('target'),
      outside: at('outside'),
    }
    mkdirSync(at('home'))
    mkdirSync(at('base'))
    mkdirSync(at('tmp'))
    this.#witness = new Witness(at('tmp'))
  }

  static async open(operation: Operation, engine: EngineProcess): Promise<Trial> {
    const trial = new Trial(operation, engine)
    await trial.#prepare()
    return trial
  }

  async close(): Promise<void> {
    await this.#witness.close()
    rmSync(this.#top, { recursive: true, force: true })
  }

  async #prepare(): Promise<void> {
    const { root, source } = this.#place
    const made = await this.#do('prepare')
    if (made?.code !== null) throw new Error(`${this.operation.name} cannot be prepared: ${made?.message}`)
    const stored = new Map<string, Beginning['source']>()
    for (const id of made.backups) {
      const { code, notes, tree } = await this.#witness.restore(archiveOf(root, id), source)
      if (code !== 0) throw new Error(`recover.py says of a sound backup: ${notes}`)
      stored.set(id, tree)
    }
    const catalog = join(root, 'metadata.json')
    this.#before = {
      backups: made.backups,
      stored,
      source: await this.#witness.describe(source),
      files: new Map(made.backups.map((id) => [id, filesOf(root, id)])),
      catalog: existsSync(catalog) ? readFileSync(catalog, 'utf8') : null,
    }
    for (const name of this.#anew)
      if (existsSync(join(this.#top, name))) execFileSync('cp', ['-a', name, 'base/'], { cwd: this.#top })
  }

  get #anew(): readonly string[] {
    return ['repository', 'home', ...this.operation.changes]
  }

  #begin(): void {
    for (const name of this.#anew) rmSync(join(this.#top, name), { recursive: true, force: true })
    execFileSync('cp', ['-a', 'base/.', '.'], { cwd: this.#top })
  }

  #do(step: Deed['step'], fault: Case = { at: 0, kind: 'EIO', calls: null }): Promise<Answer> {
    return this.#engine.perform({ operation: this.operation.name, step, place: this.#place, ...fault })
  }

  /** Calls of a run without faults. @throws where that ends in any other way than well. */
  async count(calls: string | null): Promise<number> {
    this.#begin()
    const answer = await this.#do('perform', { at: 0, kind: 'EIO', calls })
    const problems = [...wrongOutcome(answer, 'EIO'), ...(await this.#wrongAfter(answer, new Set()))]
    if (answer?.exitCode !== 0 || problems.length > 0)
      throw new Error(`${this.operation.name} without faults: ${answer?.message} ${problems.join('; ')}`)
    return answer.calls
  }

  async try(fault: Case): Promise<Verdict> {
    this.#begin()
    const known = new Set<string>()
    const answer = await this.#do('perform', fault)
    const problems = [...wrongOutcome(answer, fault.kind), ...(await this.#wrongAfter(answer, known))]
    problems.push(...(await this.#wrongList()))

    const evidence = { place: this.#place, before: this.#before, answer, witness: this.#witness }
    const { judgeAgain, back, judgeBack } = this.operation
    problems.push(...(await this.#madeGood('again', evidence, known, judgeAgain)))
    if (back !== undefined) problems.push(...(await this.#madeGood('back', evidence, known, judgeBack)))
    return { struck: answer === null || answer.calls >= fault.at, problems }
  }

  /** What is wrong with what is done after the fault, without another. */
  async #madeGood(
    step: 'again' | 'back',
    evidence: Evidence,
    known: Set<string>,
    judge: Operation['judgeAgain'],
  ): Promise<string[]> {
    const name = step === 'again' ? 'the next try' : 'the way back'
    const answer = await this.#do(step)
    const ended =
      answer?.exitCode === 0
        ? []
        : [`${name} ended with ${answer?.exitCode}: ${answer?.message} ${answer?.warnings.join('; ')}`]
    const afterwards = [
      ...(await wrongRepository(this.operation, evidence, known)),
      ...litterIn(this.#place),
      ...((await judge?.(evidence)) ?? []),
    ]
    return [...ended, ...afterwards.map((what) => `after ${name}: ${what}`)]
  }

  async #wrongAfter(answer: Answer, known: Set<string>): Promise<string[]> {
    const { root } = this.#place
    const evidence = { place: this.#place, before: this.#before, answer, witness: this.#witness }
    const found = [...(await wrongRepository(this.operation, evidence, known))]
    const isNew = (id: string): boolean =>
      !this.#before.backups.includes(id) && !(this.operation.saves !== undefined && isSafety(id))
    const made = idsIn(root).filter(isNew).length
    const promised = answer?.code === null && this.operation.makes !== undefined ? 1 : 0
    if (answer !== null && made !== promised)
      found.push(`ended with ${answer.exitCode} (${answer.message}) and ${made} new backups`)
    return [...found, ...((await this.operation.judge?.(evidence)) ?? [])]
  }

  /** The list, made by the engine, against what is there. */
  async #wrongList(): Promise<string[]> {
    const there = idsIn(this.#place.root)
    const listed = await this.#do('list')
    if (listed?.code === 'E_NO_REPOSITORY' && there.length === 0) return []
    return listed?.backups.toSorted().join() === there.join()
      ? []
      : [`list shows ${listed?.backups}, there is ${there}`]
  }
}
