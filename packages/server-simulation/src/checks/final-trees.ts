import { utf8Bytes, utf8Text } from '@zk/jute';
import { hex64, int64 } from '@zk/model';
import type { ZkServer } from '@zk/server';
import { beginning } from './answers.js';
import type { Machine } from '../world/machine.js';
import { REGISTER } from '../clients/register.js';
import { CONFIG_PATH } from '../clients/znodes.js';
import type { FinalState } from './client-histories.js';
import { checkShownConfig } from './config-answers.js';
import type { CommittedHistory } from './committed-history.js';
import type { ZnodeVersion } from './model-tree.js';
import { Violation } from './violation.js';

/** What stands for the owner of a container, and beside the time to live in that of a TTL znode. */
const CONTAINER_OWNER = -(2n ** 63n);
const TTL_OWNER = 0xff00_0000_0000_0000n;
/** How late a removal may be: the server looks now and then, and removes one after the other. */
const REMOVAL_SLACK_MS = 5000;

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
  for (const { id, server } of machines) {
    checkTree(history, `server ${id}`, server!);
    const problem = checkShownConfig(history.tree, history.last, znodeOf(server!, CONFIG_PATH).value);
    if (problem !== undefined) throw new Violation('OneConfig', `server ${id}: ${problem}`);
  }
  const digests = new Set(machines.map(({ server }) => digestOf(server!)));
  if (digests.size > 1) throw new Violation('SameTree', `there are ${digests.size} digests: ${[...digests].join()}`);
  for (const [session, { closedZxid }] of history.tree.sessions) {
    if (closedZxid === undefined && !living.has(session))
      throw new Violation('AbandonedExpire', `session 0x${hex64(session)} goes on without a client`);
  }
  checkRemovals(
    history,
    machines.find(({ isLeader }) => isLeader)!,
  );
}

function checkRemovals({ tree }: CommittedHistory, leader: Machine): void {
  for (const { path, sinceMs } of tree.due()) {
    if (sinceMs + REMOVAL_SLACK_MS < leader.wallMs()) throw new Violation('RemovedWhenDue', `${path} is still there`);
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
    if (value === wanted.data && version === wanted.version && owner === ownerOf(wanted)) continue;
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
    znodes.map(([path, { owner }]) => [path, owner] as const).filter(([, owner]) => history.tree.sessions.has(owner)),
  );
  const ended = new Set([...history.tree.sessions.keys()].filter((session) => !living.has(session)));
  return { atMs, register, ephemerals, ended, living };
}

/** As trees keep it; clients are not shown that of containers and TTL znodes. */
function ownerOf({ ephemeralOwner, ttlMs }: ZnodeVersion): bigint {
  if (ttlMs === undefined) return ephemeralOwner;
  return ttlMs === 0 ? CONTAINER_OWNER : BigInt.asIntN(64, TTL_OWNER | BigInt(ttlMs));
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
