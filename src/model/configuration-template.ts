import { type BytePath, displayPath } from './path.ts'

/** The backup_config.json that `init` writes: it says nothing yet, and loads without a warning. */
export function commentedConfiguration(root: BytePath): string {
  // as a comment a path can say anything but break out of its line, which displayPath sees to
  const shown = JSON.stringify(displayPath(root))
  return `// Holdfast. Every key, and what it does: docs/configuration.md. \`holdfast doctor\` shows what is in force.
{
  // What is backed up. A relative path starts at this file; patterns are those of .gitignore.
  "services": {
    // "files": {
    //   "type": "files",
    //   "include_paths": ["/etc", "/srv/app"],
    //   "exclude_patterns": ["*.tmp", "node_modules/"],
    //   "one_file_system": false,
    //   "exclude_caches": true,
    //   "rpo_hours": 25
    // }
  },

  // Where backups lie. An option or BACKUP_DIR goes before this.
  "storage": {
    // "local": { "path": ${shown} }
  },

  // Keep the key, or a copy of it, away from this machine: without it no backup can be read.
  "encryption": {
    // "enabled": true,
    // "key_management": { "source": "file", "file_path": "/secure/backup.key" }
  },

  // zstd, gzip, bzip2, xz or none
  "compression": {
    // "default_algorithm": "zstd"
  },

  "performance": {
    // "threading": { "backup_threads": 4, "restore_threads": 4 }
  }
}
`
}
