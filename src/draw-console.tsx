import process from 'node:process'
import { render } from 'ink'
import type { ReactNode } from 'react'
import type { AppProps, Leaving } from './app.tsx'
import type { Capability } from './model/console.ts'
import { Splash, type SplashProps } from './screens/house/splash.tsx'
import type { KeyStream } from './terminal/key-stream.ts'

/** The console on the screen. Loaded only for it: Ink and React stand behind this file, and no screen. */
export interface Drawn {
  /** In the place of the first picture, once the screens are loaded. */
  show(props: AppProps): Promise<void>
  /** Resolves once the screen is the shell's again; rejects with what broke the drawing. Null where it was `leave`. */
  readonly left: Promise<Leaving | null>
  /** Gives the screen back, now. */
  leave(): void
}

/** Longer than a picture takes; a window that is being drawn larger tells of many sizes. */
const settleMs = 60

/** Draws a first picture at once, so that whoever opens the console sees it open while the rest is loaded. */
export function drawConsole(
  splash: SplashProps,
  { maxFps }: Capability,
  keys: KeyStream,
  isElsewhere: () => boolean,
): Drawn {
  let picture: ReactNode = <Splash {...splash} />
  let isOver = false
  let settling: NodeJS.Timeout | undefined
  // Ink first draws the picture of the old size, which a smaller terminal wraps and scrolls, and then sends only the
  // lines that have changed: what has moved stays where it is. So all of it is drawn anew.
  const drawAnew = (): void => {
    if (isElsewhere()) return
    clear()
    process.stdout.write('\x1b[2J\x1b[H')
    rerender(picture)
  }
  const settle = (): void => {
    clearTimeout(settling)
    settling = setTimeout(drawAnew, settleMs)
  }
  process.stdout.on('resize', settle)
  const { rerender, unmount, waitUntilExit, clear } = render(picture, {
    // It is as much of a stream as Ink uses of one.
    stdin: keys as unknown as NodeJS.ReadableStream,
    alternateScreen: true,
    incrementalRendering: true,
    // Ink would draw nothing where CI is set.
    interactive: true,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps,
  })
  return {
    async show(props) {
      const { App } = await import('./app.tsx')
      if (isOver) return
      picture = <App {...props} />
      rerender(picture)
    },
    // What `exit` was called with in app.tsx; nothing after an unmount.
    left: waitUntilExit().then((value) => (value as Leaving | undefined) ?? null),
    leave() {
      isOver = true
      process.stdout.off('resize', settle)
      clearTimeout(settling)
      unmount()
    },
  }
}
