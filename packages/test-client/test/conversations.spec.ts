import { RecordWriter, writeReplyHeader } from '@zk/jute';
import { EventType, OpCode, hex64 } from '@zk/model';
import { ConnectionClosedError } from '../src/index.js';
import { AnsweringServer, STAT } from './answering-server.js';

describe('requests and replies', () => {
  it('are matched by transaction id when many are in flight', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    server.isMute = true;
    const replies = [client.request(OpCode.ping, undefined, 7), client.request(OpCode.ping, undefined, 8)];
    const second = client.request(OpCode.ping, undefined, 7);
    expect(client.inFlight).toBe(3);
    const answer = (xid: number, zxid: bigint): void => {
      const writer = new RecordWriter();
      writeReplyHeader(writer, { xid, zxid, err: 0 });
      server.last.send(writer.view());
    };
    answer(8, 1n);
    answer(7, 2n);
    answer(7, 3n);
    expect((await Promise.all([...replies, second])).map((reply) => reply.zxid)).toEqual([2n, 1n, 3n]);
    expect(client.inFlight).toBe(0);
    await client.disconnect();
  });

  it('give everything there is, error codes too, without throwing', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    server.err = -6;
    server.zxid = -1n;
    expect(await client.request(OpCode.check, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0))).toEqual({
      xid: 1,
      zxid: -1n,
      err: -6,
      body: new Uint8Array(),
    });
    await client.disconnect();
  });

  it('move the last zxid seen only when they are ordinary', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    await client.ping();
    expect(hex64(client.lastZxid)).toBe('0');
    await client.request(OpCode.ping, undefined, 5);
    expect(hex64(client.lastZxid)).toBe('10');
    server.zxid = 0x5n;
    await client.request(OpCode.ping, undefined, 6);
    expect(hex64(client.lastZxid)).toBe('10');
    await client.disconnect();
  });

  it('that nobody waits for are kept aside', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    server.last.send(Uint8Array.of(1));
    server.last.send(new Uint8Array(16));
    await client.ping();
    expect(client.unexpectedFrames.map((frame) => frame.length)).toEqual([1, 16]);
    await client.disconnect();
  });

  it('may be bytes that make no frame', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    const bytes = Uint8Array.of(0, 0, 0, 8, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 11);
    client.sendRaw(bytes.subarray(0, 7));
    client.sendRaw(bytes.subarray(7));
    await client.ping();
    expect(server.asked.map((one) => one.name)).toEqual(['ping', 'ping']);
    await client.disconnect();
  });

  it('larger than any buffer arrive whole', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    const data = new Uint8Array(20_000).fill(7);
    server.answers = { getData: { data, stat: STAT } };
    expect((await client.getData('/a')).data).toEqual(data);
    await client.disconnect();
  });
});

describe('events', () => {
  it('wait until they are taken', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    server.pushEvent(EventType.nodeCreated, '/a');
    server.pushEvent(EventType.nodeDeleted, '/b', -1n);
    await client.ping();
    expect(client.events).toHaveLength(2);
    expect(await client.nextEvent()).toEqual({ type: 1, state: 3, path: '/a', zxid: 0x20n });
    expect(client.takeEvents()).toEqual([{ type: 2, state: 3, path: '/b', zxid: -1n }]);
    expect(client.events).toEqual([]);
    await client.disconnect();
  });

  it('are given to those who wait, in order', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    const waiting = [client.nextEvent(), client.nextEvent()];
    server.pushEvent(EventType.nodeCreated, '/a');
    server.pushEvent(EventType.nodeCreated, '/b');
    expect((await Promise.all(waiting)).map((event) => event.path)).toEqual(['/a', '/b']);
    await client.disconnect();
  });
});

describe('when the connection ends', () => {
  it('everything that waits rejects, and everything that comes later too', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    server.isMute = true;
    const waiting = [client.sync(), client.ping(), client.nextEvent()];
    const outcomes = Promise.allSettled(waiting);
    (server.last.connection as unknown as { breakWith(error: Error): void }).breakWith(new Error('cable cut'));
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'ConnectionClosedError' } });
    }
    expect(await client.closed).toMatchObject({ message: 'cable cut' });
    await expect(client.sync()).rejects.toThrow('nothing was sent: cable cut');
    await expect(client.nextEvent()).rejects.toBeInstanceOf(ConnectionClosedError);
    expect(client.isClosed).toBe(true);
    await client.close();
  });

  it('closing ends the session first', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    await client.close();
    await client.close();
    expect(server.asked.map((one) => one.name)).toEqual(['closeSession']);
    expect(await client.closed).toBeUndefined();
  });

  it('disconnecting does not', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    await client.disconnect();
    expect(server.asked).toEqual([]);
  });

  it('closing succeeds when the server just hangs up', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    server.isMute = true;
    const closing = client.close();
    server.last.connection.destroy();
    await closing;
    expect(client.isClosed).toBe(true);
  });

  it('a frame of negative length ends it', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0xff);
    server.last.connection.write(bytes, 0, 4);
    expect(await client.closed).toMatchObject({ message: 'a frame of -1 bytes arrived' });
  });
});

describe('back-pressure', () => {
  it('nothing is read while reading is paused', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    client.frames.pauseReading();
    const answered = client.ping();
    while (server.asked.length === 0) await new Promise(setImmediate);
    expect(client.inFlight).toBe(1);
    client.frames.resumeReading();
    await answered;
    await client.disconnect();
  });
});
