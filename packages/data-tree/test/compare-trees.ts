import { int64 } from '@zk/model';
import { RecordReader, utf8Bytes, utf8Text } from '@zk/jute';
import type { DataTree } from '../src/index.js';
import { Field, RECORD_WORDS } from '../src/index.js';
import { Word } from '../src/znodes/fields.js';
import type { ModelTree } from './model-tree.js';

/** The names of the children, as a reply has them. */
function childNames(tree: DataTree, id: number): (string | null)[] {
  const bytes = new Uint8Array(3 + tree.childNamesBytes(id));
  expect(tree.writeChildNames(id, bytes, 3)).toBe(bytes.length);
  const reader = new RecordReader(bytes, 3, bytes.length);
  const names = Array.from({ length: reader.int32() }, () => reader.ustring());
  expect(reader.remaining).toBe(0);
  return names;
}

/** Everything there is to know about a tree, by path, as plain text. Walks the links and checks them on the way. */
export function describeTree(tree: DataTree): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (id: number, path: string): number => {
    const shown = path === '' ? '/' : path;
    const bytes = utf8Bytes(shown);
    expect(tree.find(bytes, 0, bytes.length)).toBe(id);
    expect(tree.pathOf(id)).toBe(shown);
    const data = tree.dataBytes(id);
    const fields = new Int32Array(RECORD_WORDS);
    tree.copyFields(id, fields);
    const words = (hi: number, lo: number): bigint => int64(fields[hi]!, fields[lo]!);
    found.set(
      path,
      JSON.stringify({
        data: data === null ? null : utf8Text(data),
        acl: tree.acls.entries(tree.aclKey(id)),
        czxid: `${words(Field.czxidHi, Field.czxidLo)}`,
        mzxid: `${words(Field.mzxidHi, Field.mzxidLo)}`,
        pzxid: `${words(Field.pzxidHi, Field.pzxidLo)}`,
        ctime: Number(words(Field.ctimeHi, Field.ctimeLo)),
        mtime: tree.mtimeMs(id),
        version: tree.version(id),
        cversion: tree.cversion(id),
        aversion: tree.aversion(id),
        owner: `${int64(tree.ownerHi(id), tree.ownerLo(id))}`,
        children: tree.childCount(id),
      }),
    );
    let count = 0;
    let below = 0;
    let previous = -1;
    const names: string[] = [];
    for (let child = tree.firstChild(id); child !== -1; child = tree.nextSibling(child)) {
      expect(tree.parent(child)).toBe(id);
      expect(tree.word(child, Word.prevSibling)).toBe(previous);
      previous = child;
      count++;
      const name = new Uint8Array(tree.nameLength(child));
      tree.copyName(child, name, 0);
      names.push(utf8Text(name));
      below += 1 + visit(child, `${path}/${utf8Text(name)}`);
    }
    expect(tree.childCount(id)).toBe(count);
    expect(tree.descendantCount(id)).toBe(below);
    expect(childNames(tree, id)).toEqual(names);
    return below;
  };
  const below = visit(tree.root, '');
  expect(tree.nodeCount).toBe(below + 2);
  return found;
}

export function describeModel(model: ModelTree): Map<string, string> {
  const found = new Map<string, string>();
  for (const [path, node] of model.nodes) {
    found.set(
      path,
      JSON.stringify({
        data: node.data,
        acl: node.acl,
        czxid: `${node.czxid}`,
        mzxid: `${node.mzxid}`,
        pzxid: `${node.pzxid}`,
        ctime: node.ctime,
        mtime: node.mtime,
        version: node.version,
        cversion: node.cversion,
        aversion: node.aversion,
        owner: `${node.owner}`,
        children: model.children(path).length,
      }),
    );
  }
  return found;
}

export function expectSame(tree: DataTree, model: ModelTree): void {
  expect([...describeTree(tree)].sort()).toEqual([...describeModel(model)].sort());
  expect(BigInt.asUintN(64, int64(tree.digest.hi, tree.digest.lo))).toBe(model.digest());
  const owned = (kind: string): string[] =>
    [...model.nodes]
      .filter(([, node]) => model.kind(node) === kind)
      .map(([path]) => path)
      .sort();
  const paths = (ids: Iterable<number>): string[] => [...ids].map((id) => tree.pathOf(id)).sort();
  expect(paths(tree.containers())).toEqual(owned('container'));
  expect(paths(tree.ttlNodes())).toEqual(owned('ttl'));
  const ephemerals = [...tree.ephemeralOwners()].flatMap((owner) => [
    ...tree.ephemeralsOf(Number(BigInt.asIntN(32, owner >> 32n)), Number(BigInt.asIntN(32, owner)))!,
  ]);
  expect(paths(ephemerals)).toEqual(owned('ephemeral'));
  expect(tree.ephemeralCount).toBe(ephemerals.length);
  const size = [...model.nodes].reduce((sum, [path, { data }]) => sum + path.length + (data ?? '').length, 1);
  expect(tree.approximateDataSize).toBe(size);
}
