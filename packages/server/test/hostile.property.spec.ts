import { RecordWriter } from '@zk/jute';
import { OpCode } from '@zk/model';
import { encodeConnectRequest } from '@zk/test-client';
import fc from 'fast-check';
import { Harness } from './harness.js';
import { outcome } from './outcomes.js';
import { rest } from './virtual-time.js';

const known = Object.values(OpCode).filter((op) => op !== OpCode.closeSession && op !== OpCode.sasl);
const interesting = fc.constantFrom(-2147483648, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 31, 255, 65536, 2147483647);
const paths = fc.constantFrom(
  '/',
  '',
  '/a',
  '/a/b',
  '/a/',
  '//',
  '/.',
  '/zookeeper/config',
  '/zookeeper/quota/a',
  '\0',
  '/\ud7ff',
);

/** Values of Jute's types in any order, as a body that may or may not fit the request it is sent with. */
const field = fc.oneof(
  { weight: 4, arbitrary: paths.map((path) => (w: RecordWriter) => w.ustring(path)) },
  { weight: 4, arbitrary: interesting.map((value) => (w: RecordWriter) => w.int32(value)) },
  { weight: 1, arbitrary: fc.boolean().map((value) => (w: RecordWriter) => w.boolean(value)) },
  {
    weight: 1,
    arbitrary: fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((value) => (w: RecordWriter) => w.int64(value)),
  },
  { weight: 1, arbitrary: fc.constant((w: RecordWriter) => w.ustring(null)) },
  { weight: 2, arbitrary: fc.constant((w: RecordWriter) => w.int32(1).int32(31).ustring('world').ustring('anyone')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => (w: RecordWriter) => w.raw(bytes)) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(1, 2, 4, 5, 8, 13, 15, 19, 21)
      .map((op) => (w: RecordWriter) => w.int32(op).boolean(false).int32(-1)),
  },
  { weight: 2, arbitrary: fc.constant((w: RecordWriter) => w.int32(-1).boolean(true).int32(-1)) },
);
const request = fc.record({
  op: fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: interesting }),
  fields: fc.array(field, { maxLength: 10 }),
});

const encode = (
  xid: number,
  { op, fields }: { op: number; fields: readonly ((w: RecordWriter) => unknown)[] },
): Uint8Array => {
  const writer = new RecordWriter().int32(xid).int32(op);
  for (const write of fields) write(writer);
  return writer.bytes();
};

describe('whatever clients send', () => {
  it('the server answers or closes, keeps serving, and its tree stays the one its log describes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(request, { maxLength: 25 }), { maxLength: 4 }), async (conversations) => {
        const harness = await new Harness({ options: { enforceQuota: true } }).start();
        const honest = await harness.connect();
        for (const requests of conversations) {
          const frames = await harness.dial();
          frames.send(encodeConnectRequest({}));
          requests.forEach((r, i) => frames.send(encode(i + 1, r)));
          await rest();
        }
        expect(await outcome(honest.setData('/', 'still here'))).toBe('OK');
        const { digest } = harness.server.database.tree;
        await harness.restart();
        expect(harness.server.database.tree.digest).toEqual(digest);
        expect(await outcome((await harness.reattach(honest)).exists('/'))).toBe('OK');
        await harness.end();
      }),
      { numRuns: 60 },
    );
  });

  it('bytes of any kind before a session close the connection, or are a command, or wait', async () => {
    const harness = await new Harness({ options: { maxClientConnections: 0 } }).start();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
        const frames = await harness.dial();
        frames.sendRaw(bytes);
        await rest();
        frames.destroy();
      }),
      { numRuns: 200 },
    );
    await rest();
    expect(harness.server.connections.size).toBe(0);
    expect(await (await harness.connect()).sync()).toBe('/');
    await harness.stop();
  });
});
