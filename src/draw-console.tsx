import { render } from 'ink'
import { App, type AppProps, type Leaving } from './app.tsx'
import type { KeyStream } from './terminal/key-stream.ts'

/** The console on the screen. Loaded only for it: Ink and React stand behind this file. */
export interface Drawn {
  /** Resolves once the screen is the shell's again; rejects with what broke the drawing. Null where it was `leave`. */
  readonly left: Promise<Leaving | null>
  /** Gives the screen back, now. */
  leave(): void
}

export function drawConsole(props: AppProps, keys: KeyStream): Drawn {
  const { unmount, waitUntilExit } = render(<App {...props} />, {
    // It is as much of a stream as Ink uses of one.
    stdin: keys as unknown as NodeJS.ReadableStream,
    alternateScreen: true,
    incrementalRendering: true,
    // Ink would draw nothing where CI is set.
    interactive: true,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: props.capability.maxFps,
  })
  return {
    // What `exit` was called with in app.tsx; nothing after an unmount.
    left: waitUntilExit().then((value) => (value as Leaving | undefined) ?? null),
    leave: () => unmount(),
  }
}
