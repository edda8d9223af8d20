import * as fc from 'fast-check';
import { ElectionMesh, type MeshOutput, type Notification } from '../src/index.js';
import { threeServers } from './driven-peer.js';
import { recorded } from './recordings.js';

const note = (leader: bigint, round = 1n): Notification => ({
  state: 'looking',
  leader,
  zxid: 0n,
  round,
  peerEpoch: 0n,
  version: 2,
  config: threeServers,
});
const mesh = (id: bigint): ElectionMesh => new ElectionMesh({ id, addresses: [`127.0.0.1:2388${id}`] });
const written = (outputs: readonly MeshOutput[]): Buffer =>
  Buffer.concat(outputs.flatMap((output) => (output.kind === 'write' ? [output.bytes] : [])));
const kinds = (outputs: readonly MeshOutput[]): string[] => outputs.map((output) => output.kind);

describe('an election connection', () => {
  it('is dialled by the smaller id only to be called back, with the bytes Apache sends (C-diff)', () => {
    const smaller = mesh(1n);
    expect(smaller.send(2n, note(1n))).toEqual([{ kind: 'dial', to: 2n, addresses: [] }]);
    const outputs = smaller.dialled(2n, 5);
    expect(written(outputs)).toEqual(Buffer.from(recorded('C-diff-3.9.5/02-election-sid1-dials-sid2-dialer').bytes));
    expect(kinds(outputs)).toEqual(['reachable', 'write', 'end']);
    // The other one calls, and what waited is sent.
    smaller.accepted(6);
    const bytes = written(mesh(2n).dialled(1n, 1));
    expect(kinds(smaller.received(6, bytes, 0, bytes.length))).toEqual(['reachable', 'write']);
  });

  it('is kept by the larger id, with the bytes Apache sends (A-fresh)', () => {
    const larger = mesh(2n);
    larger.send(1n, note(2n));
    const outputs = larger.dialled(1n, 5);
    expect(written(outputs)).toEqual(
      Buffer.from(recorded('A-fresh-3node-3.9.5/01-election-sid2-dials-sid1-dialer').bytes),
    );
    expect(kinds(outputs)).toEqual(['reachable', 'write', 'write']);
  });

  it('from a smaller id is closed, and called back at the address it gave', () => {
    const larger = mesh(3n);
    larger.accepted(9);
    const { bytes } = recorded('C-diff-3.9.5/03-election-sid1-dials-sid3-dialer');
    expect(larger.received(9, bytes, 0, bytes.length)).toMatchObject([
      { kind: 'reachable', server: 1n },
      { kind: 'end', connection: 9 },
      { kind: 'dial', to: 1n, addresses: ['127.0.0.1:23881'] },
    ]);
  });

  it('replaces an older one, and begins with the last message said', () => {
    const smaller = mesh(1n);
    const hello = written(mesh(2n).dialled(1n, 1));
    smaller.accepted(5);
    smaller.received(5, hello, 0, hello.length);
    const first = written(smaller.send(2n, note(2n)));
    smaller.accepted(6);
    const outputs = smaller.received(6, hello, 0, hello.length);
    expect(outputs).toMatchObject([
      { kind: 'reachable' },
      { kind: 'end', connection: 5 },
      { kind: 'write', connection: 6 },
    ]);
    expect(written(outputs)).toEqual(first);
    // The end of the old one changes nothing.
    smaller.closed(5);
    expect(kinds(smaller.send(2n, note(2n, 2n)))).toEqual(['write']);
  });

  it('has room for one message: a newer one takes its place', () => {
    const larger = mesh(2n);
    larger.send(1n, note(1n, 1n));
    expect(larger.send(1n, note(2n, 7n))).toEqual([]);
    const sent = written(larger.dialled(1n, 5));
    expect(sent.length).toBe(recorded('A-fresh-3node-3.9.5/01-election-sid2-dials-sid1-dialer').bytes.length);
    expect(sent.includes(Buffer.from([0, 0, 0, 0, 0, 0, 0, 7]))).toBe(true);
  });

  it('is dialled again when there is something to say after it broke, or was refused', () => {
    const larger = mesh(2n);
    larger.send(1n, note(2n));
    expect(larger.dialFailed(1n)).toEqual([{ kind: 'reachable', server: 1n, isReachable: false }]);
    expect(kinds(larger.send(1n, note(2n)))).toEqual(['dial']);
    larger.dialled(1n, 5);
    expect(larger.closed(5)).toEqual([]);
    expect(kinds(larger.send(1n, note(2n)))).toEqual(['dial']);
  });

  it.each([
    ['its own id', written(mesh(2n).dialled(3n, 1))],
    ['nonsense', Buffer.alloc(32, 0xff)],
  ])('from somebody with %s is closed', (_what, bytes) => {
    const own = mesh(2n);
    own.accepted(5);
    expect(kinds(own.received(5, bytes, 0, bytes.length))).toEqual(['end']);
    expect(own.received(5, bytes, 0, bytes.length)).toEqual([]);
  });
});

it('two servers end with one connection, whoever dials and however often, and hear each other’s last word', () => {
  const order = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(order, (sends) => {
      const pair = new Pair();
      let round = 0n;
      for (const [isFirst, deliveries] of sends) {
        pair.say(isFirst ? 1n : 2n, ++round);
        for (let i = 0; i < deliveries; i++) pair.deliver();
      }
      pair.say(1n, ++round);
      pair.say(2n, ++round);
      while (pair.deliver());
      expect(pair.openConnections).toBe(1);
      expect([pair.heard.get(1n), pair.heard.get(2n)]).toEqual([round, round - 1n]);
    }),
  );
});

/** Two meshes and a wire that delivers one thing at a time, in order. */
class Pair {
  readonly heard = new Map<bigint, bigint>();
  private readonly meshes = new Map([1n, 2n].map((id) => [id, mesh(id)]));
  private readonly queue: (() => void)[] = [];
  private readonly open = new Set<number>();
  private next = 1;

  get openConnections(): number {
    return this.open.size;
  }

  say(from: bigint, round: bigint): void {
    this.perform(from, this.meshes.get(from)!.send(3n - from, note(from, round)));
  }

  deliver(): boolean {
    const next = this.queue.shift();
    next?.();
    return next !== undefined;
  }

  private perform(at: bigint, outputs: readonly MeshOutput[]): void {
    const other = 3n - at;
    const there = this.meshes.get(other)!;
    for (const output of outputs) {
      if (output.kind === 'notification') this.heard.set(at, output.notification.round);
      if (output.kind === 'dial') this.queue.push(() => this.connect(at, output.to));
      if (output.kind === 'write') {
        this.queue.push(() => {
          this.perform(other, there.received(output.connection, output.bytes, 0, output.bytes.length));
        });
      }
      if (output.kind === 'end') {
        this.queue.push(() => {
          if (this.open.delete(output.connection)) this.perform(other, there.closed(output.connection));
        });
      }
    }
  }

  private connect(from: bigint, to: bigint): void {
    const connection = this.next++;
    this.open.add(connection);
    this.perform(to, this.meshes.get(to)!.accepted(connection));
    this.perform(from, this.meshes.get(from)!.dialled(to, connection));
  }
}
