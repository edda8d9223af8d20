import { LeaderElection, LeaderLatch, type Leader, LockLostError, type Term } from '../../src/index.js';
import { type RecipeRig, RigClients, aborted, childrenOf, eventually, freshPath } from './rig.js';

/** What every election does on any server that speaks the protocol. */
export function describeElections(rig: RecipeRig): void {
  describe(`elections on ${rig.name}`, () => {
    const clients = new RigClients(rig);
    afterEach(() => clients.close());

    describe('an election', () => electionSuite(clients));
    describe('a leader latch', () => latchSuite(clients));
    if (rig.faults !== undefined) describe('elections under faults', () => faultSuite(clients, rig.faults!));
  });
}

function electionSuite(clients: RigClients): void {
  it.each(['curator', 'kazoo'] as const)('has one term at a time, with tokens that grow (%s)', async (dialect) => {
    const open = await Promise.all([clients.open(), clients.open(), clients.open()]);
    const path = freshPath(open[0], 'election');
    const tokens: bigint[] = [];
    let leaders = 0;
    await Promise.all(
      open.map(async (client) => {
        let terms = 0;
        for await (const term of new LeaderElection(client, path, { dialect })) {
          expect(++leaders).toBe(1);
          term.assertHeld();
          tokens.push(term.token);
          await client.sync(path);
          leaders--;
          if (++terms === 3) break;
        }
      }),
    );
    expect(tokens).toEqual([...tokens].sort((x, y) => Number(x - y)));
    expect(new Set(tokens).size).toBe(9);
    expect(await childrenOf(open[0], path)).toEqual([]);
  });

  it('is stood in once by campaign, and resigned by release', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'election');
    const [ours, theirs] = [new LeaderElection(a, path, { id: 'a' }), new LeaderElection(b, path, { id: 'b' })];
    const term = await ours.campaign();
    await b.sync(path);
    expect(await theirs.tryCampaign()).toBeNull();
    expect(await theirs.leader()).toMatchObject({ id: 'a', token: term.token, sessionId: a.session!.id });
    const waiting = theirs.campaign();
    await eventually(async () => (await ours.participants()).length === 2);
    expect((await ours.participants()).map(({ identity, isHolder }) => [identity?.id, isHolder])).toEqual([
      ['a', true],
      ['b', false],
    ]);
    await term.release();
    await (await waiting).release();
    await a.sync(path);
    expect(await ours.leader()).toBeUndefined();
  });

  it('ends the loop without an error when it is cancelled', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'election');
    const election = new LeaderElection(b, path);
    await using term = await new LeaderElection(a, path).campaign();
    const stop = new AbortController();
    const loop = (async () => {
      for await (const never of election.terms({ signal: stop.signal })) never.assertHeld();
    })();
    await eventually(async () => (await election.participants()).length === 2);
    stop.abort();
    await loop;
    await eventually(async () => (await election.participants()).length === 1);
    expect(term.isHeld).toBe(true);
  });

  it('shows who leads to one who does not stand', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'election');
    const seen: (string | undefined)[] = [];
    const subscription = new LeaderElection(b, path).observe().subscribe((leader) => seen.push(leader?.id));
    await eventually(() => seen.length === 1);
    const first = await new LeaderElection(a, path, { id: 'one' }).campaign();
    await eventually(() => seen.length === 2);
    const waiting = new LeaderElection(a, path, { id: 'two' }).campaign();
    await first.release();
    const second = await waiting;
    await eventually(() => seen.at(-1) === 'two');
    await second.release();
    await eventually(() => seen.at(-1) === undefined);
    subscription.unsubscribe();
    expect([seen[0], seen[1]]).toEqual([undefined, 'one']);
  });

  it('shows who leads in a loop', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'election');
    await using term = await new LeaderElection(client, path, { id: 'one' }).campaign();
    let leader: Leader | undefined;
    for await (leader of new LeaderElection(client, path).observe()) break;
    expect(leader).toMatchObject({ id: 'one', token: term.token });
  });

  it.each(['selector', 'latch'] as const)('shares a path with the recipes of Curator: %s', async (layout) => {
    const client = await clients.open();
    const path = freshPath(client, 'election');
    await using term = await new LeaderElection(client, path, { layout }).campaign();
    const marker = layout === 'latch' ? 'latch-' : 'lock-';
    expect(term.path).toMatch(new RegExp(`/_c_[0-9a-f-]{36}-${marker}\\d{10}$`));
  });
}

function latchSuite(clients: RigClients): void {
  it('hands leadership on when it is closed', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'latch');
    const first = new LeaderLatch(a, path, { id: 'n1' }).start();
    const term = await first.leadership();
    await using second = new LeaderLatch(b, path).start();
    await eventually(async () => (await first.participants()).length === 2);
    expect((await first.participants()).map(({ identity }) => identity?.id)).toEqual(['n1', undefined]);
    expect([first.hasLeadership, second.hasLeadership]).toEqual([true, false]);
    await first.close();
    expect(term.signal.reason).toBeInstanceOf(LockLostError);
    const next = await second.leadership({ timeout: '10s' });
    expect(next.token > term.token).toBe(true);
  });

  it('stands again when its term is released', async () => {
    const client = await clients.open();
    await using latch = new LeaderLatch(client, freshPath(client, 'latch')).start();
    const term = await latch.leadership();
    await term.release();
    const next = await latch.leadership();
    expect(next.token > term.token).toBe(true);
  });

  it('gives up waiting for leadership, and goes on standing', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'latch');
    await using first = new LeaderLatch(a, path).start();
    await first.leadership();
    await using second = new LeaderLatch(b, path).start();
    await expect(second.leadership({ timeout: 20 })).rejects.toMatchObject({ name: 'AcquireTimeoutError' });
    await expect(second.leadership({ signal: AbortSignal.abort('no') })).rejects.toMatchObject({ cause: 'no' });
    await first.close();
    await second.leadership({ timeout: '10s' });
  });

  it('tells whoever waits for leadership when it is closed', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'latch');
    await using first = new LeaderLatch(a, path).start();
    await first.leadership();
    const second = new LeaderLatch(b, path).start();
    const waiting = second.leadership();
    await second.close();
    await expect(waiting).rejects.toThrow('closed');
    expect(() => second.start()).toThrow();
  });
}

function faultSuite(clients: RigClients, faults: NonNullable<RecipeRig['faults']>): void {
  it('gives a new term after the session was lost', async () => {
    const client = await clients.open();
    const terms: Term[] = [];
    for await (const term of new LeaderElection(client, freshPath(client, 'election'))) {
      terms.push(term);
      if (terms.length === 2) break;
      await faults.expireSession(client);
      expect(await aborted(term.signal)).toMatchObject({ reason: 'sessionLost' });
    }
    expect(terms[1]!.token > terms[0]!.token).toBe(true);
    expect(terms[1]!.sessionId).not.toBe(terms[0]!.sessionId);
  });

  it('gives up a latch with the connection, and takes it up again with the same node', async () => {
    const client = await clients.open();
    await using latch = new LeaderLatch(client, freshPath(client, 'latch')).start();
    const term = await latch.leadership();
    faults.cut(client);
    expect(await aborted(term.signal)).toMatchObject({ reason: 'connectionLost' });
    const again = await latch.leadership();
    expect([again.path, again.token]).toEqual([term.path, term.token]);
  });

  it('keeps a latch through a lost connection where that is the policy', async () => {
    const client = await clients.open();
    await using latch = new LeaderLatch(client, freshPath(client, 'latch'), { loss: 'session' }).start();
    const term = await latch.leadership();
    faults.cut(client);
    await eventually(() => client.state === 'reconnected');
    term.assertHeld();
  });
}
