/**
 * The client protocol as bytes, written plainly and independently of the server's own codec: a tool that judges the
 * server must not share its mistakes. Frames are built whole; replies are read field by field.
 */

export const Op = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
} as const;

export const ErrorCode = {
  ok: 0,
  runtimeInconsistency: -2,
  marshalling: -5,
  unimplemented: -6,
  badArguments: -8,
  noNode: -101,
  noAuth: -102,
  badVersion: -103,
  nodeExists: -110,
  notEmpty: -111,
  sessionExpired: -112,
} as const;

export const CreateFlag = { persistent: 0, ephemeral: 1, sequential: 2, ephemeralSequential: 3, container: 4 } as const;

export interface Stat {
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly ctime: bigint;
  readonly mtime: bigint;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: bigint;
}

/** Appends fields to a growing buffer. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafe(256);
  private length = 0;

  int32(value: number): this {
    this.length = this.room(4).writeInt32BE(value | 0, this.length);
    return this;
  }

  int64(value: bigint): this {
    this.length = this.room(8).writeBigInt64BE(BigInt.asIntN(64, value), this.length);
    return this;
  }

  byte(value: number): this {
    this.room(1)[this.length++] = value & 0xff;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.room(bytes.length).set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  bytes(value: Uint8Array | null): this {
    if (value === null) return this.int32(-1);
    return this.int32(value.length).raw(value);
  }

  string(value: string | null): this {
    return this.bytes(value === null ? null : Buffer.from(value, 'utf8'));
  }

  /** vector<ACL> with world:anyone and the given permissions. */
  openAcl(permissions = 31): this {
    return this.int32(1).int32(permissions).string('world').string('anyone');
  }

  /** The bytes so far, copied. */
  take(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.length));
  }

  private room(bytes: number): Buffer {
    if (this.length + bytes > this.buffer.length) {
      const larger = Buffer.allocUnsafe((this.length + bytes) * 2);
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    return this.buffer;
  }
}

/** Reads fields; throws a RangeError on an overrun. */
export class ByteReader {
  position: number;

  constructor(
    private readonly buffer: Buffer,
    start = 0,
  ) {
    this.position = start;
  }

  get remaining(): number {
    return this.buffer.length - this.position;
  }

  int32(): number {
    const value = this.buffer.readInt32BE(this.position);
    this.position += 4;
    return value;
  }

  int64(): bigint {
    const value = this.buffer.readBigInt64BE(this.position);
    this.position += 8;
    return value;
  }

  byte(): number {
    const value = this.buffer.readUInt8(this.position);
    this.position += 1;
    return value;
  }

  bytes(): Buffer | null {
    const length = this.int32();
    if (length < 0) return null;
    if (length > this.remaining) throw new RangeError(`field of ${length} bytes, ${this.remaining} left`);
    const view = this.buffer.subarray(this.position, this.position + length);
    this.position += length;
    return view;
  }

  string(): string | null {
    return this.bytes()?.toString('utf8') ?? null;
  }

  strings(): string[] {
    const out: string[] = [];
    for (let left = this.int32(); left > 0; left--) out.push(this.string() ?? '');
    return out;
  }

  stat(): Stat {
    return {
      czxid: this.int64(),
      mzxid: this.int64(),
      ctime: this.int64(),
      mtime: this.int64(),
      version: this.int32(),
      cversion: this.int32(),
      aversion: this.int32(),
      ephemeralOwner: this.int64(),
      dataLength: this.int32(),
      numChildren: this.int32(),
      pzxid: this.int64(),
    };
  }
}

/** Puts the length in front. */
export function frame(payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(payload.length + 4);
  out.writeInt32BE(payload.length, 0);
  out.set(payload, 4);
  return out;
}

export interface SessionTicket {
  readonly id: bigint;
  readonly password: Uint8Array;
}

export function connectPayload(timeoutMs: number, session?: SessionTicket, lastZxidSeen = 0n): Buffer {
  return new ByteWriter()
    .int32(0)
    .int64(lastZxidSeen)
    .int32(timeoutMs)
    .int64(session?.id ?? 0n)
    .bytes(session?.password ?? new Uint8Array(16))
    .byte(0)
    .take();
}

/** Request bodies, without header. */
export const body = {
  create: (path: string, data: Uint8Array | null, flags = 0): Buffer =>
    new ByteWriter().string(path).bytes(data).openAcl().int32(flags).take(),
  createTtl: (path: string, data: Uint8Array | null, flags: number, ttlMs: bigint): Buffer =>
    new ByteWriter().string(path).bytes(data).openAcl().int32(flags).int64(ttlMs).take(),
  delete: (path: string, version = -1): Buffer => new ByteWriter().string(path).int32(version).take(),
  setData: (path: string, data: Uint8Array | null, version = -1): Buffer =>
    new ByteWriter().string(path).bytes(data).int32(version).take(),
  path: (path: string): Buffer => new ByteWriter().string(path).take(),
  pathAndFlag: (path: string, isSet: boolean): Buffer =>
    new ByteWriter()
      .string(path)
      .byte(isSet ? 1 : 0)
      .take(),
  pathAndInt: (path: string, value: number): Buffer => new ByteWriter().string(path).int32(value).take(),
  multi: (operations: readonly { type: number; body: Uint8Array }[]): Buffer => {
    const out = new ByteWriter();
    for (const operation of operations) out.int32(operation.type).byte(0).int32(-1).raw(operation.body);
    return out.int32(-1).byte(1).int32(-1).take();
  },
};

export type MultiResult =
  | { readonly type: 'error'; readonly error: number }
  | { readonly type: 'create'; readonly path: string }
  | { readonly type: 'setData'; readonly stat: Stat }
  | { readonly type: 'done' };

export function readMultiResponse(payload: Buffer): MultiResult[] {
  const reader = new ByteReader(payload);
  const results: MultiResult[] = [];
  for (;;) {
    const type = reader.int32();
    const isDone = reader.byte() !== 0;
    reader.int32();
    if (isDone) return results;
    if (type === -1) results.push({ type: 'error', error: reader.int32() });
    else if (type === Op.create) results.push({ type: 'create', path: reader.string() ?? '' });
    else if (type === Op.setData) results.push({ type: 'setData', stat: reader.stat() });
    else if (type === Op.delete || type === Op.check) results.push({ type: 'done' });
    else if (type === Op.create2) {
      results.push({ type: 'create', path: reader.string() ?? '' });
      reader.stat();
    } else throw new RangeError(`unknown result type ${type} in a multi response`);
  }
}
