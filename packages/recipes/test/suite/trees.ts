import { type ZkClient, utf8 } from '@zk/client-api';
import type { CacheEvent, CacheNode, TreeCache } from '../../src/index.js';

const describeNode = ({ data, stat }: CacheNode): string => `${utf8.decode(data)}@${stat.mzxid}`;

/** An event in a few characters. */
export function textOf(event: CacheEvent, root: string): string {
  if (event.type === 'initialized') return event.type;
  const name = event.path.slice(root.length);
  if (event.type === 'created') return `+${name} ${utf8.decode(event.node.data)}`;
  const before = utf8.decode(event.previous.data);
  return event.type === 'deleted' ? `-${name} ${before}` : `*${name} ${before}>${utf8.decode(event.node.data)}`;
}

/** All below and with the root, as the server has it: path to data and zxid. */
export async function readTree(client: ZkClient, root: string): Promise<Map<string, string>> {
  const tree = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    const { data, stat } = await client.get(path);
    tree.set(path, `${utf8.decode(data)}@${stat.mzxid}`);
    const { children } = await client.getChildren(path);
    for (const name of children) await visit(`${path}/${name}`);
  };
  await client.sync(root);
  if ((await client.exists(root)) !== null) await visit(root);
  return new Map([...tree].sort());
}

/**
 * Applies the events of a cache to what it had before, and insists on their rules: what is created was not there and has
 * a parent, what is changed or deleted was there as it says, and a parent goes after its children.
 */
export function followed(cache: TreeCache): { tree(): Map<string, string> } {
  const nodes = new Map<string, CacheNode>(cache.snapshot());
  const broken: string[] = [];
  const insist = (claim: boolean, event: CacheEvent): void => {
    if (!claim) broken.push(`${event.type} ${event.type === 'initialized' ? '' : event.path}`);
  };
  cache.events.subscribe((event) => {
    if (event.type === 'initialized') return;
    const { path, type } = event;
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (type === 'created') {
      insist(!nodes.has(path) && (path === cache.path || nodes.has(parent)), event);
      nodes.set(path, event.node);
    } else if (type === 'changed') {
      insist(nodes.get(path) === event.previous || nodes.get(path)?.data === event.previous.data, event);
      insist(event.node.stat.mzxid > event.previous.stat.mzxid, event);
      nodes.set(path, event.node);
    } else {
      insist(nodes.has(path) && ![...nodes.keys()].some((other) => other.startsWith(`${path}/`)), event);
      nodes.delete(path);
    }
  });
  return {
    tree: () => {
      if (broken.length > 0) throw new Error(`events that break the rules: ${broken.join(', ')}`);
      return new Map([...nodes].map(([path, node]) => [path, describeNode(node)] as const).sort());
    },
  };
}
