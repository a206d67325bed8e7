import type { CommandSpec } from './parts/command-spec.ts'

/** Every command: its words, what an overview says of it, and where it is. Loaded only when it is called. */
export interface RegisteredCommand {
  readonly words: string
  readonly about: string
  load(): Promise<CommandSpec>
}

export const commands: readonly RegisteredCommand[] = [
  {
    words: 'init',
    about: 'make the repository, a key and a configuration',
    load: async () => (await import('./init.ts')).init,
  },
  {
    words: 'create',
    about: 'back up paths, or the configured services',
    load: async () => (await import('./create.ts')).create,
  },
  { words: 'list', about: 'the backups, newest first', load: async () => (await import('./list.ts')).list },
  { words: 'inspect', about: 'what a backup holds', load: async () => (await import('./inspect.ts')).inspect },
  { words: 'cat', about: 'one file of a backup to stdout', load: async () => (await import('./cat.ts')).cat },
  {
    words: 'diff',
    about: 'two backups, or a backup against the disk',
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    words: 'restore',
    about: 'plan a restore, show the plan, do it',
    load: async () => (await import('./restore.ts')).restore,
  },
  {
    words: 'undo',
    about: 'take a restore back: what it replaced returns, what it made goes',
    load: async () => (await import('./undo.ts')).undo,
  },
  { words: 'verify', about: 'prove that a backup is whole', load: async () => (await import('./verify.ts')).verify },
  {
    words: 'drill',
    about: 'rehearse a restore: timed, compared, checked, thrown away',
    load: async () => (await import('./drill.ts')).drill,
  },
  {
    words: 'consolidate',
    about: 'a backup that depends on nothing, from existing ones',
    load: async () => (await import('./consolidate.ts')).consolidate,
  },
  {
    words: 'cleanup',
    about: 'delete the backups that no rule keeps',
    load: async () => (await import('./cleanup.ts')).cleanup,
  },
  { words: 'delete', about: 'delete one backup', load: async () => (await import('./delete.ts')).deleteBackup },
  {
    words: 'pin',
    about: 'hold a backup: nothing deletes it',
    load: async () => (await import('./pin.ts')).pin,
  },
  {
    words: 'unpin',
    about: 'let go of a backup that is held',
    load: async () => (await import('./unpin.ts')).unpin,
  },
  {
    words: 'schedule',
    about: 'back up again and again, at the times of a cron expression',
    load: async () => (await import('./schedule.ts')).schedule,
  },
  {
    words: 'schedule list',
    about: 'the schedules, their next and their last runs',
    load: async () => (await import('./schedule-list.ts')).scheduleList,
  },
  {
    words: 'schedule delete',
    about: 'delete a schedule; its backups stay',
    load: async () => (await import('./schedule-delete.ts')).scheduleDelete,
  },
  {
    words: 'schedule enable',
    about: 'let a schedule run again',
    load: async () => (await import('./schedule-enable.ts')).scheduleEnable,
  },
  {
    words: 'schedule disable',
    about: 'let a schedule rest',
    load: async () => (await import('./schedule-disable.ts')).scheduleDisable,
  },
  {
    words: 'schedule run',
    about: 'the backup of a schedule, now',
    load: async () => (await import('./schedule-run.ts')).scheduleRun,
  },
  {
    words: 'rebuild',
    about: 'metadata.json anew, from the archives alone',
    load: async () => (await import('./rebuild.ts')).rebuild,
  },
  {
    words: 'console',
    about: 'everything on one screen; holdfast alone, on a terminal',
    load: async () => (await import('./console.ts')).openConsole,
  },
  {
    words: 'daemon',
    about: 'run the schedules until it is told to stop; also --daemon',
    load: async () => (await import('./daemon.ts')).daemon,
  },
  { words: 'status', about: 'is everything safe', load: async () => (await import('./status.ts')).status },
  {
    words: 'doctor',
    about: 'are tools, keys, locks and settings in order',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    words: 'keys list',
    about: 'the keys that open the backups',
    load: async () => (await import('./keys-list.ts')).keysList,
  },
  {
    words: 'keys add',
    about: 'one more key that opens the backups',
    load: async () => (await import('./keys-add.ts')).keysAdd,
  },
  {
    words: 'export',
    about: 'a backup as one tar, for a bare machine',
    load: async () => (await import('./export.ts')).exportBackup,
  },
]

/** Commands that Holdfast gives itself; no help names them. */
export const internalCommands: readonly RegisteredCommand[] = [
  {
    words: 'run-job',
    about: 'a job of the console, in a process of its own',
    load: async () => (await import('./run-job.ts')).runJob,
  },
]
