/** One request, as those who trace see it. Fields become known in the course of it. */
export interface RequestTrace {
  /** Name of the operation, e.g. `getData`. */
  readonly op: string;
  /** As the caller gave it, relative to the chroot. */
  readonly path: string;
  readonly chroot: string;
  /** `0x` hexadecimal; undefined while there is no session. */
  session: string | undefined;
  /** Under which it was sent last. */
  xid: number;
  /** Of the reply. */
  zxid: bigint | undefined;
  error: unknown;
}

/** Who wants to know about requests. With nobody listening a request costs one look at `isEnabled`. */
export interface RequestTracer {
  readonly isEnabled: boolean;
  started(trace: RequestTrace): void;
  /** With `trace.error` set when it failed. */
  finished(trace: RequestTrace): void;
}

export const noTracer: RequestTracer = {
  isEnabled: false,
  started: () => undefined,
  finished: () => undefined,
};
