import { useEffect, useMemo, useRef, useState } from 'react'
import type { Browser } from '../../model/browse.ts'
import { type BytePath, rootPath } from '../../model/path.ts'
import { type Amount, markedAmount } from '../text/restore-scope.ts'
import { isTaken, placeKey, type ScopeAnswers } from '../text/scope-rows.ts'

/** More paths than that are not counted one by one: the plan counts them. */
const mostCounted = 500

/** How much of the backup is marked; null until it is counted. What was counted once is remembered. */
export function useAmount(browser: Browser | null, answers: ScopeAnswers): Amount | null {
  const known = useRef(new Map<string, Amount>())
  const owner = useRef(browser)
  if (owner.current !== browser) {
    owner.current = browser
    known.current = new Map()
  }
  const [counted, setCounted] = useState(0)
  const wanted = useMemo(() => {
    if (browser === null || answers.marks.size > mostCounted) return []
    const services = browser.services.map(({ name }) => name).filter((name) => isTaken(answers, name))
    return services.flatMap((service) =>
      [...answers.marks.keys()].filter((path) => path !== rootPath).map((path) => ({ service, path })),
    )
  }, [browser, answers])

  useEffect(() => {
    const missing = wanted.filter(({ service, path }) => !known.current.has(placeKey(service, path)))
    if (browser === null || missing.length === 0) return
    const controller = new AbortController()
    const { signal } = controller
    const count = async (): Promise<void> => {
      for (const { service, path } of missing) {
        const amount = await amountAt(browser, service, path, signal)
        if (signal.aborted) return
        known.current.set(placeKey(service, path), amount)
        setCounted((before) => before + 1)
      }
    }
    // An amount that cannot be counted is not shown; the plan says why.
    count().catch(() => {})
    return () => controller.abort()
  }, [browser, wanted])

  return useMemo(() => {
    if (browser === null || answers.marks.size > mostCounted) return null
    const all = { files: 0, bytes: 0 }
    for (const { name, files, bytes } of browser.services) {
      if (!isTaken(answers, name)) continue
      const amount = markedAmount(answers.marks, (path) =>
        path === rootPath ? { files, bytes } : (known.current.get(placeKey(name, path)) ?? null),
      )
      if (amount === null) return null
      all.files += amount.files
      all.bytes += amount.bytes
    }
    return { files: Math.max(0, all.files), bytes: Math.max(0, all.bytes) }
    // `counted` says that more is known.
  }, [browser, answers, counted])
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
