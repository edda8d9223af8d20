import { CLOCK, type Clock } from '@zk/contracts';
import { RecordWriter } from '@zk/jute';
import { OpCode } from '@zk/model';
import { MemoryTransport } from '@zk/transport-memory';
import { LONG_FRAME_BYTES } from '../src/client-connection.js';
import { Harness } from './harness.js';
import { RawSession } from './raw-session.js';

/** What one client asks for does not keep the others waiting for longer than a few replies take. */
describe('a client that asks for much at once', () => {
  const LARGE = 'x'.repeat(100_000);
  let harness: Harness;

  beforeEach(async () => {
    // As kernels do, the way there takes megabytes before it is full.
    const transport = new MemoryTransport({ highWaterMarkBytes: 16 * 1024 * 1024 });
    harness = await new Harness({ transport }).start();
    const writer = await harness.connect();
    await writer.create('/large', LARGE);
    await writer.create('/small', 'y');
    await writer.close();
  });

  afterEach(() => harness.stop());

  it('lets the others go first after some of the replies, and gets all of them in the end', async () => {
    const greedy = await harness.connect();
    const other = await harness.connect();
    const order: string[] = [];
    const large = Array.from({ length: 40 }, async () => {
      const { data } = await greedy.getData('/large');
      order.push('large');
      return data?.length;
    });
    const small = other.getData('/small').then(() => order.push('small'));
    expect(new Set(await Promise.all(large))).toEqual(new Set([LARGE.length]));
    await small;
    expect(order.indexOf('small')).toBeLessThan(10);
  });
});

describe('a client whose requests take long', () => {
  let harness: Harness;
  let nowMs = 1_000;
  /** Whenever it is looked at, three milliseconds have passed. */
  const clock: Clock = { monotonicMs: () => (nowMs += 3), wallMs: () => 1_770_000_000_000 + nowMs };

  beforeEach(async () => {
    harness = await new Harness({ registrations: [[CLOCK, clock]] }).start();
  });

  afterEach(() => harness.stop());

  it('lets the others go first after some of them, and gets all its answers in the end, in order', async () => {
    const greedy = await RawSession.open(harness);
    const other = await harness.connect();
    const order: string[] = [];
    const frames = new RecordWriter();
    for (let xid = 1; xid <= 100; xid++) {
      const request = new RecordWriter().int32(xid).int32(OpCode.exists).ustring('/').boolean(false).bytes();
      frames.int32(request.length).raw(request);
    }
    greedy.frames.sendRaw(frames.bytes());
    const small = other.exists('/').then(() => order.push('other'));
    for (let xid = 1; xid <= 100; xid++) {
      expect((await greedy.next()).xid).toBe(xid);
      order.push('greedy');
    }
    await small;
    expect(order.indexOf('other')).toBeLessThan(40);
  });

  it('and stands in line once, also when it is slow to read what it is sent', async () => {
    await harness.stop();
    const transport = new MemoryTransport({ highWaterMarkBytes: 3000 });
    harness = await new Harness({ transport, registrations: [[CLOCK, clock]] }).start();
    await (await harness.connect()).create('/kilobyte', new Uint8Array(1000));
    const greedy = await Promise.all(Array.from({ length: 12 }, () => RawSession.open(harness)));
    const inLine = new Map<object, number>();
    const counts: number[] = [];
    const add = (connection: object, difference: number): void => {
      inLine.set(connection, (inLine.get(connection) ?? 0) + difference);
      counts.push(inLine.get(connection)!);
    };
    for (const connection of harness.server.connections) {
      const { host } = connection;
      if (!jest.isMockFunction(host.yielding)) {
        const yielding = host.yielding.bind(host);
        jest.spyOn(host, 'yielding').mockImplementation((yielder) => {
          add(yielder, 1);
          yielding(yielder);
        });
      }
      const goOn = connection.goOn.bind(connection);
      jest.spyOn(connection, 'goOn').mockImplementation(() => {
        add(connection, -1);
        goOn();
      });
    }
    await Promise.all(
      greedy.map(async (session) => {
        for (let xid = 1; xid <= 200; xid++) {
          session.send(xid, OpCode.getData, (writer) => writer.ustring('/kilobyte').boolean(false));
        }
        expect(await session.take(200)).toEqual(Array.from({ length: 200 }, (_, i) => `${i + 1}:0`));
      }),
    );
    expect(counts.length).toBeGreaterThan(20);
    expect(Math.max(...counts)).toBe(1);
  });

  it('and many such clients come one after the other, each in its turn, and short requests in between', async () => {
    const greedy = await Promise.all(Array.from({ length: 30 }, () => harness.connect()));
    const other = await harness.connect();
    await other.create('/long');
    harness.storage.holdSyncs();
    const order: number[] = [];
    const writes = greedy.map((client, i) =>
      client.setData('/long', new Uint8Array(LONG_FRAME_BYTES)).then(() => order.push(i)),
    );
    await other.exists('/');
    const { inFlight } = harness.server.pipeline!;
    harness.storage.releaseSyncs();
    await Promise.all(writes);
    expect(inFlight).toBeLessThan(15);
    expect(order).toEqual(greedy.map((_client, i) => i));
    expect((await other.exists('/long')).version).toBe(30);
  });
});
