import { aclJson, aclText } from '../format/acl.js';
import { explain } from '../cli/errors.js';
import { statJson, statText } from '../format/stat.js';
import { walk } from '../tree/walk.js';
import type { Call, Command } from './command.js';
import { OPTIONS } from './shared-options.js';
import { aclArgument } from './write.js';

const getAcl: Command = {
  name: 'getAcl',
  usage: '[-s] path',
  summary: 'print who may do what with a znode',
  options: [OPTIONS.stat],
  args: { min: 1 },
  globs: 'all',
  isZkCli: true,
  async run(call) {
    const paths = call.args.filter((text, index) => index === 0 || text.startsWith('/'));
    for (const path of paths.map((_, index) => call.path(index))) {
      const { acl, stat } = await call.client.getAcl(path, { signal: call.signal });
      const title = paths.length > 1 ? `${path}:\n` : '';
      call.out.emit(
        { path, acl: aclJson(acl), ...(call.has('stat') ? { stat: statJson(stat) } : {}) },
        () => `${title}${aclText(acl)}${call.has('stat') ? `\n${statText(stat)}` : ''}`,
      );
    }
  },
};

const setAcl: Command = {
  name: 'setAcl',
  usage: '[-s] [-v version] [-R] path acl',
  summary: 'say who may do what with a znode',
  details: 'The ACL is scheme:id:perms[,scheme:id:perms…], perms some of cdrwa (create, delete, read, write, admin).',
  options: [
    OPTIONS.stat,
    { letter: 'v', name: 'version', value: 'version', summary: 'only if the ACL has this version' },
    { letter: 'R', name: 'recursive', summary: 'for everything below as well' },
  ],
  args: { min: 2 },
  globs: 'first',
  isZkCli: true,
  run: runSetAcl,
};

async function runSetAcl(call: Call): Promise<void> {
  const root = call.path();
  // Read before anything is changed, so that a wrong ACL changes nothing.
  const acl = aclArgument(call, 1) ?? [];
  const version = call.integer('version');
  const set = async (path: string): Promise<void> => {
    const stat = await call.client.setAcl(path, acl, {
      signal: call.signal,
      ...(version === undefined ? {} : { version }),
    });
    if (call.out.isJson) call.out.emit({ path, stat: statJson(stat) }, '');
    else if (call.has('stat')) call.out.print(statText(stat));
  };
  if (!call.has('recursive')) return set(root);
  let firstError: unknown;
  for await (const { path, error } of walk(call.client, root, { signal: call.signal })) {
    if (error !== undefined) {
      if (path === root) throw error;
      firstError ??= error;
    }
    try {
      await set(path);
    } catch (refused) {
      // One that refuses does not keep the others from being set; zkCli does it likewise.
      firstError ??= refused;
      if ((refused as Error).name !== 'NOAUTH') throw refused;
      call.out.complain(explain(refused, path).message);
    }
  }
  if (firstError !== undefined) throw firstError;
}

export const aclCommands: readonly Command[] = [getAcl, setAcl];
