import type { ZkClient } from '@zk/client-api';
import { type Dialect, DistributedBarrier, DistributedDoubleBarrier } from '../../src/index.js';
import { type RecipeRig, RigClients, type RigFaults, aborted, childrenOf, eventually, freshPath } from './rig.js';

/** What barriers do on any server that speaks the protocol. */
export function describeBarriers(rig: RecipeRig): void {
  describe(`barriers on ${rig.name}`, () => {
    const clients = new RigClients(rig);
    afterEach(() => clients.close());

    describe('a barrier', () => barrierSuite(clients, rig.faults));
    describe.each(['curator', 'kazoo'] as const)('a double barrier with the names of %s', (dialect) =>
      doubleBarrierSuite(clients, dialect),
    );
    if (rig.faults !== undefined) {
      const { faults } = rig;
      describe('a double barrier under faults', () => faultSuite(clients, faults));
    }
  });
}

function barrierSuite(clients: RigClients, faults: RigFaults | undefined): void {
  it('holds up all who wait until it is removed', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = `${freshPath(a, 'barrier')}/below`;
    const barrier = new DistributedBarrier(a, path);
    await barrier.wait();
    await barrier.set();
    await barrier.set();
    expect(await barrier.isClosed()).toBe(true);
    let passed = 0;
    const waiting = [a, b].map((client) => new DistributedBarrier(client, path).wait().then(() => passed++));
    await a.set(path, Uint8Array.of(1));
    await expect(barrier.wait({ timeout: 30 })).rejects.toMatchObject({ name: 'OPERATIONTIMEOUT' });
    expect(passed).toBe(0);
    await barrier.remove();
    await barrier.remove();
    await Promise.all(waiting);
    expect(await barrier.isClosed()).toBe(false);
  });

  it('lets go who is cancelled', async () => {
    const client = await clients.open();
    const barrier = new DistributedBarrier(client, freshPath(client, 'barrier'));
    await barrier.set();
    const controller = new AbortController();
    const waiting = barrier.wait({ signal: controller.signal });
    controller.abort('enough');
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' });
  });

  if (faults === undefined) return;

  it.each(['cut', 'expireSession'] as const)('is waited for across: %s', async (fault) => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const barrier = new DistributedBarrier(a, freshPath(a, 'barrier'));
    await barrier.set();
    let isPast = false;
    const waiting = new DistributedBarrier(b, barrier.path).wait().then(() => (isPast = true));
    await faults[fault](b);
    await b.exists(barrier.path);
    expect(isPast).toBe(false);
    await barrier.remove();
    expect(await waiting).toBe(true);
  });
}

async function members(client: ZkClient, path: string): Promise<string[]> {
  return (await childrenOf(client, path)).filter((name) => name !== 'ready');
}

function doubleBarrierSuite(clients: RigClients, dialect: Dialect): void {
  async function three(): Promise<{ path: string; a: ZkClient; barriers: DistributedDoubleBarrier[] }> {
    const open = await Promise.all([clients.open(), clients.open(), clients.open()]);
    const path = freshPath(open[0], 'double');
    const barriers = open.map((client) => new DistributedDoubleBarrier(client, path, 3, { dialect, identity: 'me' }));
    return { path, a: open[0], barriers };
  }

  it('is entered together and left together, again and again', async () => {
    const { path, a, barriers } = await three();
    for (let round = 0; round < 3; round++) {
      const events: string[] = [];
      const enter = (barrier: DistributedDoubleBarrier): Promise<unknown> =>
        barrier.enter().then(() => events.push('in'));
      const leave = (barrier: DistributedDoubleBarrier): Promise<unknown> =>
        barrier.leave().then(() => events.push('out'));
      const entering = barriers.slice(1).map(enter);
      await eventually(async () => (await members(a, path)).length === 2);
      expect(events).toEqual([]);
      await Promise.all([...entering, enter(barriers[0]!)]);
      expect(await members(a, path)).toHaveLength(3);
      const leaving = barriers.slice(1).map(leave);
      await eventually(async () => (await members(a, path)).length === 2 || (await members(a, path)).length === 1);
      expect(events).toEqual(['in', 'in', 'in']);
      await Promise.all([...leaving, leave(barriers[0]!)]);
      await eventually(async () => (await childrenOf(a, path)).length === 0);
    }
  });

  it('lets a member in that looks when others have already left', async () => {
    const { path, a, barriers } = await three();
    // Two of three are gone again, but the ready node says that all were there.
    const entering = barriers.map((barrier) => barrier.enter());
    await Promise.all(entering);
    const leaving = [barriers[1]!.leave(), barriers[2]!.leave()];
    await eventually(async () => (await members(a, path)).length < 3);
    expect(barriers[0]!.signal?.aborted).toBe(false);
    await Promise.all([barriers[0]!.leave(), ...leaving]);
  });

  it('removes the node of a member that gives up entering', async () => {
    const { path, a, barriers } = await three();
    await expect(barriers[0]!.enter({ timeout: 50 })).rejects.toMatchObject({ name: 'OPERATIONTIMEOUT' });
    const controller = new AbortController();
    const cancelled = barriers[1]!.enter({ signal: controller.signal });
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
    await eventually(async () => (await members(a, path)).length === 0);
    await Promise.all(barriers.map((barrier) => barrier.enter()));
    await Promise.all(barriers.map((barrier) => barrier.leave()));
  });

  it('a member that gives up leaving is out', async () => {
    const { path, a, barriers } = await three();
    await Promise.all(barriers.map((barrier) => barrier.enter()));
    for (const barrier of barriers.slice(0, 2)) {
      await expect(barrier.leave({ timeout: 50 })).rejects.toMatchObject({ name: 'OPERATIONTIMEOUT' });
    }
    await eventually(async () => (await members(a, path)).length === 1);
    await barriers[2]!.leave();
    expect(await childrenOf(a, path)).toEqual([]);
  });

  it('is not fooled by what a crashed round has left behind', async () => {
    const { path, a, barriers } = await three();
    await a.create(`${path}/ready`, null, { parents: 'persistent' });
    let isIn = false;
    const first = barriers[0]!.enter().then(() => (isIn = true));
    await eventually(async () => (await a.exists(`${path}/ready`)) === null);
    expect(isIn).toBe(false);
    await Promise.all([first, barriers[1]!.enter(), barriers[2]!.enter()]);
  });

  it('refuses what makes no sense', async () => {
    const { a, barriers } = await three();
    expect(() => new DistributedDoubleBarrier(a, '/x', 0)).toThrow(RangeError);
    const entering = barriers[0]!.enter({ timeout: 30 });
    await expect(barriers[0]!.enter()).rejects.toThrow('is entering or leaving');
    await expect(entering).rejects.toThrow();
    await barriers[0]!.leave();
  });
}

function faultSuite(clients: RigClients, faults: RigFaults): void {
  it('a member whose session expired while it waited is counted once', async () => {
    const [a, b, c] = await Promise.all([clients.open(), clients.open(), clients.open()]);
    const path = freshPath(a, 'double');
    const [first, second, third] = [a, b, c].map((client) => new DistributedDoubleBarrier(client, path, 3));
    let inside = 0;
    const entering = [first!.enter().then(() => inside++), second!.enter().then(() => inside++)];
    await eventually(async () => (await members(c, path)).length === 2);
    const before = await members(c, path);
    await faults.expireSession(a);
    await eventually(async () => {
      const now = await members(c, path);
      return now.length === 2 && now.some((name) => !before.includes(name));
    });
    expect(inside).toBe(0);
    await Promise.all([...entering, third!.enter()]);
    expect(await members(c, path)).toHaveLength(3);
    await Promise.all([first!.leave(), second!.leave(), third!.leave()]);
  });

  it('a member inside whose session expires hears of it, and has left', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'double');
    const [first, second] = [a, b].map((client) => new DistributedDoubleBarrier(client, path, 2));
    await Promise.all([first!.enter(), second!.enter()]);
    const signal = first!.signal!;
    await faults.expireSession(a);
    expect(await aborted(signal)).toMatchObject({ name: 'LockLostError', reason: 'sessionLost' });
    await second!.leave();
    await first!.leave();
    expect(await childrenOf(b, path)).toEqual([]);
  });

  it('is entered and left across broken connections', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'double');
    const [first, second] = [a, b].map((client) => new DistributedDoubleBarrier(client, path, 2));
    const entering = first!.enter();
    await eventually(async () => (await members(b, path)).length === 1);
    faults.cut(a);
    await Promise.all([entering, second!.enter()]);
    const leaving = first!.leave();
    faults.cut(a);
    faults.cut(b);
    await Promise.all([leaving, second!.leave()]);
    expect(await childrenOf(b, path)).toEqual([]);
  });
}
