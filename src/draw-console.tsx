import { render } from 'ink'
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

/** Draws a first picture at once, so that whoever opens the console sees it open while the rest is loaded. */
export function drawConsole(splash: SplashProps, { maxFps }: Capability, keys: KeyStream): Drawn {
  let isOver = false
  const { rerender, unmount, waitUntilExit } = render(<Splash {...splash} />, {
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
      if (!isOver) rerender(<App {...props} />)
    },
    // What `exit` was called with in app.tsx; nothing after an unmount.
    left: waitUntilExit().then((value) => (value as Leaving | undefined) ?? null),
    leave() {
      isOver = true
      unmount()
    },
  }
}
