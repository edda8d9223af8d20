import type { WatchedTree } from '../src/watches/watched-tree.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The least a watch table can live on: paths by number, numbers given out again after a deletion. */
export class PlainWatchedTree implements WatchedTree {
  private readonly paths: (string | undefined)[] = ['/'];

  create(path: string): number {
    const free = this.paths.indexOf(undefined);
    const node = free >= 0 ? free : this.paths.length;
    this.paths[node] = path;
    return node;
  }

  delete(path: string): void {
    this.paths[this.idOf(path)] = undefined;
  }

  idOf(path: string): number {
    return this.paths.indexOf(path);
  }

  parentOf(path: string): number {
    return this.idOf(parentPath(path));
  }

  find(path: Uint8Array, start: number, end: number): number {
    return this.idOf(decoder.decode(path.subarray(start, end)));
  }

  /** A poor hash on purpose: paths of one length collide. */
  hashPath(_path: Uint8Array, start: number, end: number): number {
    return end - start;
  }

  pathHashOf(node: number): number {
    return this.pathLength(node);
  }

  parent(node: number): number {
    return node === 0 ? -1 : this.parentOf(this.paths[node]!);
  }

  pathLength(node: number): number {
    return encoder.encode(this.paths[node]).length;
  }

  copyPath(node: number, out: Uint8Array, at: number): number {
    const bytes = encoder.encode(this.paths[node]);
    out.set(bytes, at);
    return at + bytes.length;
  }

  /** Tells znodes apart in a test of what the receiver of an event is given. */
  aclKey(node: number): number {
    return 1000 + node;
  }
}

export function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
