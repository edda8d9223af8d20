import type { Command } from './command.js';

const FORMAT = `
The format is one JSON document per line: a first one that says what it is, then one per znode, parents first:
{"path":"/relative","data":"text"} or {"path":…,"base64":"…"}, with "ephemeral", "acl" where they are not the usual.
Files whose names end in .gz are compressed. See docs/shell.md.`;

const exportCommand: Command = {
  name: 'export',
  usage: '[path] [file]',
  summary: 'write a subtree to a file, or to standard output',
  details: `${FORMAT}

  export /app app.jsonl.gz
  zk-cli export /app | gzip | ssh elsewhere …`,
  options: [
    { letter: 'E', name: 'no-ephemerals', summary: 'leave out ephemerals' },
    { letter: 'A', name: 'no-acl', summary: 'leave out access control lists' },
    { letter: 'f', name: 'force', summary: 'replace a file that exists' },
    { name: 'system', summary: 'with what is below /zookeeper' },
  ],
  args: { min: 0, max: 2 },
  globs: 'first',
  run: async (call) => (await import('../transfer/export.js')).runExport(call),
};

const importCommand: Command = {
  name: 'import',
  usage: '[file] [path]',
  summary: 'create the znodes of an exported file below a path',
  details: `${FORMAT}
Without a path they go where they came from; without a file, or with -, they are read from standard input. A znode that
exists is an error (nothing is changed then; see --dry-run), unless --on-conflict says otherwise.

  import app.jsonl.gz /app-copy
  import --dry-run app.jsonl
  import --on-conflict overwrite --delete app.jsonl /app      make /app what the file says`,
  options: [
    { letter: 'c', name: 'on-conflict', value: 'fail|skip|overwrite', summary: 'what to do with a znode that exists' },
    { letter: 'n', name: 'dry-run', summary: 'say what would be done' },
    { letter: 'd', name: 'delete', summary: 'delete what is below the path and not in the file' },
    { letter: 'e', name: 'ephemerals', value: 'skip|persistent', summary: 'what to do with ephemerals; default: skip' },
    { letter: 'A', name: 'no-acl', summary: 'leave out access control lists' },
    { letter: 'j', name: 'in-flight', value: 'count', summary: 'requests on their way at a time; default 1000' },
  ],
  args: { min: 0, max: 2 },
  completes: 'none',
  run: async (call) => (await import('../transfer/import.js')).runImport(call),
};

export const transferCommands: readonly Command[] = [exportCommand, importCommand];
