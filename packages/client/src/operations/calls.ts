import type { CallOptions } from '@zk/client-api';
import type { CallLimits, ClientCore } from '../client-core.js';
import { Request, type RequestKind } from '../machine/request.js';

/** Requests below one chroot. */
export class Calls {
  constructor(
    readonly core: ClientCore,
    /** Of the chroot; empty, or a path. */
    readonly prefix: string,
  ) {}

  /** A request that a user's call consists of. */
  async one<T>(kind: RequestKind, path: string, options: CallOptions | undefined, extra?: unknown): Promise<T> {
    const request = new Request(kind, this.prefix, path);
    request.extra = extra;
    this.core.call(request, options);
    return (await request.outcome) as T;
  }

  /** One step of a call that takes several. */
  step<T>(kind: RequestKind, path: string, limits: CallLimits, fill?: (request: Request) => void): Promise<T> {
    const request = new Request(kind, this.prefix, path);
    fill?.(request);
    this.core.step(request, limits);
    return request.outcome as Promise<T>;
  }
}
