import { DistributedBarrier, DistributedDoubleBarrier } from '../src/index.js';
import { a, b, pass, server, until, useVirtualRig } from './virtual-rig.js';

/** Barriers, when replies, connections and sessions are lost. */
const PATH = '/barrier';

useVirtualRig();

async function members(client = b): Promise<string[]> {
  const { children } = await pass(client.getChildren(PATH, { linearizable: true }));
  return children.filter((name) => name !== 'ready');
}

describe('a double barrier', () => {
  it.each(['dropNextReply', 'dropNextRequest'] as const)(
    'counts a member once when its create is lost: %s',
    async (fault) => {
      const barrier = new DistributedDoubleBarrier(a, PATH, 2);
      await pass(a.create(PATH));
      const lost = server[fault]('create', a);
      let isIn = false;
      const entering = barrier.enter().then(() => (isIn = true));
      await lost;
      await until(async () => (await members()).length === 1);
      await server.advance('5s');
      expect(isIn).toBe(false);
      expect(await members()).toHaveLength(1);
      await pass(Promise.all([entering, new DistributedDoubleBarrier(b, PATH, 2).enter()]));
    },
  );

  it('is not held up by lost replies, in or out', async () => {
    const [first, second] = [a, b].map((client) => new DistributedDoubleBarrier(client, PATH, 2));
    for (let round = 0; round < 3; round++) {
      void server.dropNextReply('getChildren', a);
      void server.dropNextReply('create', b);
      await pass(Promise.all([first!.enter(), second!.enter()]));
      void server.dropNextReply('delete', a);
      void server.dropNextReply('delete', b);
      await pass(Promise.all([first!.leave(), second!.leave()]));
      server.faults.disarm();
      expect((await pass(a.getChildren(PATH))).children).toEqual([]);
    }
  });

  it('counts one whose session is over on its own clock, and not yet at the server, once', async () => {
    const barrier = new DistributedDoubleBarrier(a, PATH, 3);
    const entering = barrier.enter();
    await until(async () => (await pass(b.exists(PATH))) !== null && (await members()).length === 1);
    const session = a.session!.id;
    // The server goes on hearing from the client, the client hears no answer: it gives the session up before the server.
    await server.refuseConnections();
    server.stall(a, 'toClient');
    await until(() => a.session?.id !== session);
    expect(server.sessionIds).toContain(session);
    expect(await members()).toHaveLength(1);
    await server.acceptConnections();
    await until(() => a.session !== undefined);
    const seen = new Set<number>();
    for (let ms = 0; ms < 1_000; ms += 50) {
      await server.advance(50);
      if (server.sessionIds.includes(session)) seen.add((await members()).length);
    }
    expect([...seen].sort().at(-1)).toBe(1);
    const others = [b, b].map((client) => new DistributedDoubleBarrier(client, PATH, 3).enter());
    await pass(Promise.all([entering, ...others]));
  });

  it('takes a member out that gives up while there is no connection, when there is one again', async () => {
    const barrier = new DistributedDoubleBarrier(a, PATH, 2);
    const entering = barrier.enter({ timeout: '2s' }).catch((error: unknown) => error);
    await until(async () => (await pass(b.exists(PATH))) !== null && (await members()).length === 1);
    await server.refuseConnections();
    server.cut(a);
    await server.advance('2s');
    expect(await entering).toMatchObject({ name: 'OPERATIONTIMEOUT', timeoutMs: 2_000 });
    await server.acceptConnections();
    await until(async () => (await members()).length === 0);
  });
});

describe('a barrier', () => {
  it('is waited for while there is no connection, and through a new session', async () => {
    const barrier = new DistributedBarrier(a, PATH);
    void server.dropNextReply('create', a);
    await pass(barrier.set());
    let isOpen = false;
    const waiting = barrier.wait().then(() => (isOpen = true));
    await server.advance(100);
    const session = a.session!.id;
    await server.refuseConnections();
    server.cut(a);
    await until(() => a.session?.id !== session);
    await pass(new DistributedBarrier(b, PATH).isClosed({ timeout: 10 }).catch(() => undefined));
    expect(isOpen).toBe(false);
    await server.acceptConnections();
    void server.dropNextReply('delete', b);
    await pass(new DistributedBarrier(b, PATH).remove());
    await pass(waiting);
  });
});
