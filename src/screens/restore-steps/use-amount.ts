import { useEffect, useMemo, useState } from 'react'
import type { Browser } from '../../model/browse.ts'
import { type BytePath, rootPath } from '../../model/path.ts'
import { type Amount, markedAmount } from '../text/restore-scope.ts'
import { isTaken, placeKey, type ScopeAnswers } from '../text/scope-rows.ts'

/** More paths than that are not counted one by one: the plan counts them. */
const mostCounted = 500

type Amounts = ReadonlyMap<string, Amount>

const none: Amounts = new Map()

/** How much of the backup is marked; null until it is counted. What was counted once is remembered. */
export function useAmount(browser: Browser | null, answers: ScopeAnswers): Amount | null {
  const [known, setKnown] = useState<{ browser: Browser | null; amounts: Amounts }>({ browser, amounts: none })
  const amounts = known.browser === browser ? known.amounts : none
  const missing = useMemo(
    () => wantedPlaces(browser, answers).find(({ service, path }) => !amounts.has(placeKey(service, path))) ?? null,
    [browser, answers, amounts],
  )
  const [service, path] = [missing?.service ?? null, missing?.path ?? null]

  useEffect(() => {
    if (browser === null || service === null || path === null) return
    const controller = new AbortController()
    const { signal } = controller
    amountAt(browser, service, path, signal).then(
      (amount) => {
        if (!signal.aborted) setKnown({ browser, amounts: new Map(amounts).set(placeKey(service, path), amount) })
      },
      // An amount that cannot be counted is not shown; the plan says why.
      () => {},
    )
    return () => controller.abort()
  }, [browser, service, path, amounts])

  return useMemo(() => sumOf(browser, answers, amounts), [browser, answers, amounts])
}

/** Places that have a mark of their own, in every service that is taken. */
function wantedPlaces(
  browser: Browser | null,
  answers: ScopeAnswers,
): readonly { readonly service: string; readonly path: BytePath }[] {
  if (browser === null || answers.marks.size > mostCounted) return []
  const services = browser.services.map(({ name }) => name).filter((name) => isTaken(answers, name))
  const paths = [...answers.marks.keys()].filter((path) => path !== rootPath)
  return services.flatMap((service) => paths.map((path) => ({ service, path })))
}

function sumOf(browser: Browser | null, answers: ScopeAnswers, amounts: Amounts): Amount | null {
  if (browser === null || answers.marks.size > mostCounted) return null
  const all = { files: 0, bytes: 0 }
  for (const { name, files, bytes } of browser.services) {
    if (!isTaken(answers, name)) continue
    const amount = markedAmount(answers.marks, (path) =>
      path === rootPath ? { files, bytes } : (amounts.get(placeKey(name, path)) ?? null),
    )
    if (amount === null) return null
    all.files += amount.files
    all.bytes += amount.bytes
  }
  return { files: Math.max(0, all.files), bytes: Math.max(0, all.bytes) }
}

const nothing: Amount = { files: 0, bytes: 0 }

/** Files and their bytes at a path and below it. */
async function amountAt(browser: Browser, service: string, path: BytePath, signal: AbortSignal): Promise<Amount> {
  const entry = await browser.entry({ service, path })
  if (entry !== null && entry.type !== 'directory') return { files: 1, bytes: entry.sizeBytes }
  if ((await browser.countBelow({ service, path })) === 0) return nothing
  const sum = { files: 0, bytes: 0 }
  // A slash is in every path.
  const query = { services: [service], below: path, text: '/', count: Number.MAX_SAFE_INTEGER }
  await browser.find(query, {
    signal,
    found(_at, { entry: found }) {
      if (found === null || found.type === 'directory') return
      sum.files++
      sum.bytes += found.sizeBytes
    },
    progress: () => {},
  })
  return sum
}
