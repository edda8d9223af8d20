/** Whether all members hold the same tree. */
import type { Stat } from '../../lib/wire.js';

export interface TreeNode {
  readonly data: string;
  readonly stat: Stat;
}

export type Tree = ReadonlyMap<string, TreeNode>;

/** Every znode in which a member differs from the first one, by its data or by any field of its stat. */
export function compareTrees(trees: ReadonlyMap<string, Tree>): string[] {
  const [first, ...others] = [...trees];
  if (first === undefined) return [];
  return others.flatMap(([name, tree]) => differences(first[0], first[1], name, tree));
}

function differences(firstName: string, first: Tree, name: string, tree: Tree): string[] {
  const problems: string[] = [];
  for (const [path, node] of first) {
    const other = tree.get(path);
    if (other === undefined) problems.push(`${path} is missing on ${name}, and ${firstName} holds it`);
    else problems.push(...nodeDifferences(path, firstName, node, name, other));
  }
  for (const path of tree.keys()) {
    if (!first.has(path)) problems.push(`${path} is missing on ${firstName}, and ${name} holds it`);
  }
  return problems;
}

function nodeDifferences(path: string, firstName: string, first: TreeNode, name: string, other: TreeNode): string[] {
  const there = fieldsOf(other);
  return [...fieldsOf(first)]
    .filter(([field, value]) => there.get(field) !== value)
    .map(([field, value]) => `${path} has ${field} ${value} on ${firstName} and ${there.get(field)} on ${name}`);
}

function fieldsOf({ data, stat }: TreeNode): Map<string, string> {
  const fields = Object.entries(stat).map(([field, value]): [string, string] => [field, String(value)]);
  return new Map([['data', JSON.stringify(data)], ...fields]);
}
