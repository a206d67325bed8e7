import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CatalogEntry } from '../model/backup.ts'
import type { ServiceSettings } from '../model/configuration.ts'
import type { StatusReport } from '../model/engine.ts'
import { displayPath } from '../model/path.ts'
import { type CatalogPort, listBackups, turnEvery } from './catalog.ts'
import type { Repository, World } from './repository.ts'
import { runsNewestFirst } from './run-log.ts'

/** Is everything safe. */

const recentRuns = 30
const trendLength = 30
const defaultRpoHours = 25
const lowSpaceShare = 0.05

export async function reportStatus(
  world: World,
  repository: Repository,
  catalog: CatalogPort,
  configured: readonly ServiceSettings[],
): Promise<StatusReport> {
  const { files, clock } = world
  const { backups, problems: found } = await listBackups(files, repository, catalog)
  const problems = [...found]
  const present = backups.filter((entry) => entry.missing !== true && entry.type !== 'safety')
  const now = clock.now()
  const names = new Set([...configured.map(({ name }) => name), ...present.flatMap(({ services }) => services)])
  const services = [...names].sort().map((name) =>
    serviceStatus(
      name,
      present,
      configured.find((service) => service.name === name),
      now,
    ),
  )
  for (const service of services) {
    if (service.lastGood === null) problems.push(`${service.name} has never been backed up`)
    else if (service.overdue)
      problems.push(
        `${service.name}: the last backup is ${Math.floor(service.ageHours ?? 0)} hours old, its RPO is ${service.rpoHours}`,
      )
  }
  if (backups.length === 0) problems.push('there is no backup yet')
  for (const [at, { id }] of present.entries()) {
    if (at % turnEvery === turnEvery - 1) await nextTurn()
    if (files.status(repository.manifest(id)) === undefined) problems.push(`${id} has no manifest: it is not whole`)
  }
  for (const entry of present.filter((backup) => backup.verified?.ok === false))
    problems.push(`${entry.id} failed its last verification`)

  const runs = []
  for (const run of runsNewestFirst(files, repository)) {
    const { id, kind, state, startedAt, endedAt, durationMs } = run
    runs.unshift({ id, command: kind, outcome: state, at: endedAt ?? startedAt, durationMs })
    if (runs.length === recentRuns) break
  }
  const ended = runs.filter((run) => run.outcome !== 'running')
  const good = ended.filter((run) => run.outcome === 'done' || run.outcome === 'warnings')
  const space = files.fileSystem(repository.root)
  if (space.freeBytes < space.totalBytes * lowSpaceShare)
    problems.push(
      `the repository's disk is nearly full: ${Math.floor((100 * space.freeBytes) / space.totalBytes)} % left`,
    )
  const verified = present.find((entry) => entry.verified?.ok === true)
  return {
    ok: problems.length === 0,
    root: displayPath(repository.root),
    problems,
    backups: present.length,
    services,
    lastGood: present[0]?.createdAt ?? null,
    nextRun: null,
    repositoryBytes: present.reduce((sum, entry) => sum + entry.sizeBytes, 0),
    freeBytes: space.freeBytes,
    runs,
    successRate: ended.length === 0 ? null : good.length / ended.length,
    trend: present
      .slice(0, trendLength)
      .map(({ id, createdAt, sizeBytes }) => ({ id, createdAt, sizeBytes }))
      .reverse(),
    verified:
      verified?.verified == null ? null : { id: verified.id, level: verified.verified.level, at: verified.verified.at },
  }
}

function serviceStatus(
  name: string,
  backups: readonly CatalogEntry[],
  settings: ServiceSettings | undefined,
  now: number,
): StatusReport['services'][number] {
  const mine = backups.filter((entry) => entry.services.includes(name))
  const last = mine[0]
  const ageHours = last === undefined ? null : Math.max(0, (now - Date.parse(last.createdAt)) / 3_600_000)
  const rpoHours = settings?.rpoHours ?? defaultRpoHours
  return {
    name,
    lastGood: last?.createdAt ?? null,
    lastGoodId: last?.id ?? null,
    ageHours,
    rpoHours,
    overdue: ageHours !== null && ageHours > rpoHours,
    backups: mine.length,
  }
}
