import type { ZnodeStore } from './znodes/znode-store.js';
export class Quotas {
  readonly isActive: boolean = false;
  constructor(_tree: ZnodeStore, _hashStart: number, _multiplier: number) {}
  recompute(): void {}
  systemNodeCreated(_id: number): void {}
  systemNodeDeleted(_id: number): void {}
  systemNodeChanged(_id: number): void {}
  account(_path: Uint8Array, _start: number, _end: number, _count: number, _bytes: number): void {}
}
