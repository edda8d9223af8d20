import { CommandError, ExitCode, UsageError } from '../cli/exit-codes.js';
import { javaPathDefect } from '../format/paths.js';
import { versionText } from '../version.js';
import type { Command } from './command.js';
import { OF_SESSION, OF_SHELL } from './kinds.js';
import { hex64 } from '@zk/model';

const addAuth: Command = {
  ...OF_SESSION,
  name: 'addauth',
  usage: 'scheme auth',
  summary: 'show credentials, now and on every later connection',
  details: 'Lines with addauth are not kept in the history file.',
  args: { min: 1 },
  async run(call) {
    const [scheme = '', auth = ''] = call.args;
    await call.client.addAuth(scheme, auth, { signal: call.signal });
    if (call.out.isJson) call.out.emit({ scheme }, '');
  },
};

const whoAmI: Command = {
  ...OF_SESSION,
  name: 'whoami',
  usage: '',
  summary: 'print as whom the server knows this session',
  async run(call) {
    const ids = [...(await call.client.whoAmI({ signal: call.signal }))];
    call.out.emit(
      ids.map(({ scheme, id }) => ({ scheme, id })),
      () => ['Auth scheme: User', ...ids.map(({ scheme, id }) => `${scheme}: ${id}`)].join('\n'),
    );
  },
};

const sync: Command = {
  name: 'sync',
  usage: 'path',
  summary: 'make this server see what was committed before',
  options: [],
  args: { min: 1 },
  isZkCli: true,
  async run(call) {
    await call.client.sync(call.path(), { signal: call.signal });
    call.out.emit({ synced: call.path() }, 'Sync is OK');
  },
};

const getEphemerals: Command = {
  name: 'getEphemerals',
  usage: 'path',
  summary: 'print the ephemeral znodes of this session, or those of them below a path',
  options: [],
  args: { min: 0 },
  isZkCli: true,
  async run(call) {
    const prefix = call.args.length === 0 ? '/' : call.path();
    const paths = await call.client.getEphemerals(prefix, { signal: call.signal });
    call.out.emit([...paths], `[${paths.join(', ')}]`);
  },
};

const getAllChildrenNumber: Command = {
  name: 'getAllChildrenNumber',
  usage: 'path',
  summary: 'print how many znodes there are below a path',
  options: [],
  args: { min: 1 },
  globs: 'all',
  isZkCli: true,
  async run(call) {
    for (const [index] of call.args.entries()) {
      if (index > 0 && call.shell.options.isZkCli) return;
      const path = call.path(index);
      const count = await call.client.countDescendants(path, { signal: call.signal });
      call.out.emit({ path, count }, call.args.length > 1 ? `${path}: ${count}` : String(count));
    }
  },
};

const connect: Command = {
  ...OF_SHELL,
  name: 'connect',
  usage: 'host:port',
  summary: 'connect to other servers, or again',
  async run(call) {
    const [servers] = call.args;
    const slash = servers?.indexOf('/') ?? -1;
    const defect = slash === -1 ? undefined : javaPathDefect((servers as string).slice(slash));
    if (defect !== undefined) throw new UsageError(defect);
    call.shell.watches.clear();
    await call.shell.connection.close();
    try {
      call.shell.connection.open(servers);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
    if (call.out.isJson) call.out.emit({ servers: call.shell.connection.host }, '');
  },
};

const close: Command = {
  ...OF_SHELL,
  name: 'close',
  usage: '',
  summary: 'end the session: its ephemeral znodes and its watches go',
  async run(call) {
    if (!call.shell.connection.isAlive) {
      if (!call.shell.options.isZkCli) throw new CommandError('Not connected', ExitCode.connection);
      call.out.print('Not connected');
      return;
    }
    await call.shell.close();
  },
};

const version: Command = {
  ...OF_SHELL,
  name: 'version',
  usage: '',
  summary: 'print the version of this program',
  args: { min: 0, max: 0 },
  async run(call) {
    call.out.emit({ version: versionText() }, `ZooKeeper CLI version: ${versionText()}`);
  },
};

const session: Command = {
  ...OF_SESSION,
  name: 'session',
  usage: '',
  summary: 'print the id of the session, its timeout, and the state of the connection',
  args: { min: 0, max: 0 },
  isZkCli: false,
  async run(call) {
    const { session: present, state } = call.client;
    const shown = present === undefined ? null : `0x${hex64(present.id)}`;
    call.out.emit({ id: shown, timeoutMs: present?.timeoutMs ?? null, state }, () =>
      [`session ${shown ?? 'none'}`, `timeout ${present?.timeoutMs ?? 0} ms`, `state   ${state}`].join('\n'),
    );
  },
};

export const sessionCommands: readonly Command[] = [
  addAuth,
  whoAmI,
  sync,
  getEphemerals,
  getAllChildrenNumber,
  connect,
  close,
  version,
  session,
];
