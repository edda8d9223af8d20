import type { Stat } from '../../lib/wire.js';
import { compareTrees, type Tree, type TreeNode } from './trees.js';

const stat: Stat = {
  czxid: 1n,
  mzxid: 1n,
  ctime: 2n,
  mtime: 2n,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: 1,
  numChildren: 0,
  pzxid: 1n,
};
const node = (changed: Partial<Stat> = {}, data = 'x'): TreeNode => ({ data, stat: { ...stat, ...changed } });
const tree = (...nodes: (readonly [string, TreeNode])[]): Tree => new Map(nodes);

describe('trees of several members', () => {
  it('are equal when every field of every znode is', () => {
    const trees = ['1', '2', '3'].map((name) => [name, tree(['/a', node()], ['/b', node()])] as const);
    expect(compareTrees(new Map(trees))).toEqual([]);
  });

  it.each([
    ['a znode is missing', tree(), '/a is missing on 2, and 1 holds it'],
    ['a znode too many', tree(['/a', node()], ['/b', node()]), '/b is missing on 1, and 2 holds it'],
    ['other data', tree(['/a', node({}, 'y')]), '/a has data "x" on 1 and "y" on 2'],
    ['another version', tree(['/a', node({ version: 1 })]), '/a has version 0 on 1 and 1 on 2'],
    ['another time', tree(['/a', node({ mtime: 3n })]), '/a has mtime 2 on 1 and 3 on 2'],
    ['another zxid', tree(['/a', node({ pzxid: 2n })]), '/a has pzxid 1 on 1 and 2 on 2'],
  ])('differ: %s', (_, other, problem) => {
    const trees = new Map([
      ['1', tree(['/a', node()])],
      ['2', other],
    ]);
    expect(compareTrees(trees)).toEqual([problem]);
  });
});
