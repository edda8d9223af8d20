import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ZkClient } from '@zk/client-api';
import type { TestServer } from '@zk/testing';

/** What Curator and kazoo left and told on Apache ZooKeeper 3.8 after one step of a recipe (fixtures). */
export interface RecordedStep {
  readonly step: string;
  readonly nodes?: readonly { readonly path: string; readonly kind: string; readonly data: string | null }[];
  readonly events?: readonly string[];
}

/** One znode in a line of text, without what is unique about it; `data` is hexadecimal. */
export type LineOf = (path: string, kind: string, data: string | null) => string;

/** The step of a fixture whose name begins so. */
export function recordedStep(file: string, step: string): RecordedStep {
  const json = readFileSync(path.join(__dirname, 'fixtures', `${file}.json`), 'utf8');
  const { steps } = JSON.parse(json) as { readonly steps: readonly RecordedStep[] };
  const found = steps.find((candidate) => candidate.step.startsWith(step));
  if (found === undefined) throw new Error(`there is no step "${step}" in ${file}`);
  return found;
}

/** The znodes of that step. */
export function recordedLines(lineOf: LineOf, file: string, step: string): string[] {
  return recordedStep(file, step)
    .nodes!.map(({ path: node, kind, data }) => lineOf(node, kind, data))
    .sort();
}

/** What is below these paths now, in the same form. */
export async function presentLines(
  lineOf: LineOf,
  { server }: TestServer,
  client: ZkClient,
  roots: readonly string[],
): Promise<string[]> {
  const { tree } = server.database;
  const containers = new Set(Array.from(tree.containers(), (node) => tree.pathOf(node)));
  const ttls = new Set(Array.from(tree.ttlNodes(), (node) => tree.pathOf(node)));
  const lines: string[] = [];
  const walk = async (node: string): Promise<void> => {
    const { data, stat } = await client.get(node, { linearizable: true });
    const owned = stat.ephemeralOwner !== 0n ? 'ephemeral' : undefined;
    const kind = owned ?? (containers.has(node) ? 'container' : ttls.has(node) ? 'ttl' : 'persistent');
    lines.push(lineOf(node, kind, Buffer.from(data).toString('hex')));
    const { children } = await client.getChildren(node);
    for (const child of children) await walk(`${node}/${child}`);
  };
  for (const root of roots) await walk(root);
  return lines.sort();
}
