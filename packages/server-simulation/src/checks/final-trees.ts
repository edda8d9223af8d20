import { utf8Bytes, utf8Text } from '@zk/jute';
import { hex64, int64 } from '@zk/model';
import type { ZkServer } from '@zk/server';
import { beginning } from './answers.js';
import type { Machine } from '../world/machine.js';
import { REGISTER } from '../clients/register.js';
import type { FinalState } from './client-histories.js';
import type { CommittedHistory } from './committed-history.js';
import { Violation } from './violation.js';

/**
 * At the end, when nobody writes: all servers hold what is committed, and nothing else; sessions that nobody came back to are
 * over.
 * @throws Violation
 */
export function checkFinalTrees(
  history: CommittedHistory,
  machines: readonly Machine[],
  living: ReadonlySet<bigint>,
): void {
  for (const { id, server } of machines) checkTree(history, `server ${id}`, server!);
  const digests = new Set(machines.map(({ server }) => digestOf(server!)));
  if (digests.size > 1) throw new Violation('SameTree', `there are ${digests.size} digests: ${[...digests].join()}`);
  for (const [session, { closedZxid }] of history.tree.sessions) {
    if (closedZxid === undefined && !living.has(session))
      throw new Violation('AbandonedExpire', `session 0x${hex64(session)} goes on without a client`);
  }
}

function checkTree(history: CommittedHistory, name: string, server: ZkServer): void {
  const expected = [...history.tree.paths()].sort();
  const paths = pathsOf(server).sort();
  const odd = [
    ...expected.filter((each) => !paths.includes(each)),
    ...paths.filter((each) => !expected.includes(each)),
  ];
  if (odd.length > 0) {
    const owner = odd.map(
      (path) => `${path} (owner 0x${hex64(history.tree.at(path, history.last)?.ephemeralOwner ?? 0n)})`,
    );
    throw new Violation('SameTree', `${name} and the committed transactions differ in ${owner.join()}`);
  }
  for (const path of expected) {
    const { value, version, owner } = znodeOf(server, path);
    const wanted = history.tree.at(path, history.last)!;
    if (value === wanted.data && version === wanted.version && owner === wanted.ephemeralOwner) continue;
    throw new Violation('SameTree', `${path} of ${name} has "${beginning(value)}", not "${beginning(wanted.data)}"`);
  }
}

/** What one server holds, for those who believe in nothing else. */
export function finalState(
  history: CommittedHistory,
  server: ZkServer,
  living: ReadonlySet<bigint>,
  atMs: number,
): FinalState {
  const znodes = pathsOf(server).map((path) => [path, znodeOf(server, path)] as const);
  const register = znodes.find(([path]) => path === REGISTER)?.[1];
  const ephemerals = new Map(
    znodes.map(([path, { owner }]) => [path, owner] as const).filter(([, owner]) => owner !== 0n),
  );
  const ended = new Set([...history.tree.sessions.keys()].filter((session) => !living.has(session)));
  return { atMs, register, ephemerals, ended, living };
}

function znodeOf({ database: { tree } }: ZkServer, path: string): { value: string; version: number; owner: bigint } {
  const bytes = utf8Bytes(path);
  const node = tree.find(bytes, 0, bytes.length);
  const value = utf8Text(tree.dataBytes(node) ?? new Uint8Array(0));
  return { value, version: tree.version(node), owner: int64(tree.ownerHi(node), tree.ownerLo(node)) };
}

function digestOf({ database }: ZkServer): string {
  const { hi, lo } = database.tree.digest;
  return hex64(int64(hi, lo));
}

/** All znodes but those of the system. */
function pathsOf({ database: { tree } }: ZkServer): string[] {
  const found: string[] = [];
  const visit = (node: number): void => {
    for (let child = tree.firstChild(node); child !== -1; child = tree.nextSibling(child)) {
      const path = tree.pathOf(child);
      if (path === '/zookeeper') continue;
      found.push(path);
      visit(child);
    }
  };
  visit(tree.root);
  return found;
}
