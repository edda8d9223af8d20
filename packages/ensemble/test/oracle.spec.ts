import { Cluster, type Member, quickly } from './cluster.js';

/** Two servers, and an oracle for each that says whether the other one is lost. */
describe('two servers with an oracle each', () => {
  let cluster: Cluster;
  /** Servers whose oracle says that the other one is lost. */
  const survivors = new Set<number>();

  beforeEach(() => {
    survivors.clear();
    cluster = new Cluster(2, { ...quickly, tickTimeMs: 400, syncLimitTicks: 3 });
    for (const member of cluster.members) member.isOtherVoterLost = () => Promise.resolve(survivors.has(member.id));
  });

  afterEach(() => cluster.stop());

  const otherOf = (one: Member): Member => cluster.members.find((member) => member !== one)!;
  const isLooking = (member: Member): boolean => member.peer!.role.role === 'looking';

  it.each(['leader', 'follower'] as const)('need both until the oracle says that the %s is lost', async (lost) => {
    const leader = await cluster.start();
    const agreed = leader.create('/agreed');
    await Promise.all(cluster.members.map((member) => member.applied(agreed)));
    const survivor = lost === 'leader' ? otherOf(leader) : leader;
    await otherOf(survivor).crash();
    await survivor.until(() => isLooking(survivor));

    survivors.add(survivor.id);
    expect(await survivor.serving()).toMatchObject({ role: 'leader', epoch: 2 });
    const alone = survivor.create('/alone');
    await survivor.applied(alone);

    survivors.clear();
    await otherOf(survivor).start();
    expect(await otherOf(survivor).serving()).toMatchObject({ role: 'follower', leader: BigInt(survivor.id) });
    await otherOf(survivor).applied(alone);
    const together = survivor.create('/together');
    await Promise.all(cluster.members.map((member) => member.applied(together)));
  });

  it('go on without an election when the oracle knows at once', async () => {
    const leader = await cluster.start();
    await otherOf(leader).crash();
    survivors.add(leader.id);
    const waiting = leader.create('/waiting');
    await leader.applied(waiting);
    expect([leader.peer!.role.epoch, leader.committed.has('/waiting')]).toEqual([1, true]);
  });

  it('come back one after the other, and the first needs its oracle', async () => {
    await cluster.start();
    await cluster.stop();
    const [first, second] = cluster.members as [Member, Member];
    survivors.add(1);
    await first.start();
    expect(await first.serving()).toMatchObject({ role: 'leader' });
    await first.applied(first.create('/first'));
    await second.start();
    expect(await second.serving()).toMatchObject({ role: 'follower', leader: 1n });
    await second.until(() => second.data('/first') !== undefined);
  });

  it('agree again after a split, on what the one with the word of its oracle committed', async () => {
    const leader = await cluster.start();
    const follower = otherOf(leader);
    const agreed = leader.create('/agreed');
    await follower.applied(agreed);

    cluster.transport.stall();
    leader.create('/lost');
    survivors.add(follower.id);
    await follower.until(() => follower.peer!.role.role === 'leader' && follower.peer!.role.isServing);
    await follower.applied(follower.create('/kept'));
    await leader.until(() => isLooking(leader));
    expect(leader.committed.has('/lost')).toBe(false);

    survivors.clear();
    cluster.transport.release();
    await leader.until(() => leader.peer!.role.isServing && leader.data('/kept') !== undefined);
    expect([leader.peer!.role.role, leader.data('/agreed'), leader.data('/lost')]).toEqual(['follower', '', undefined]);
  });
  it('take an oracle that cannot be asked for one that says no', async () => {
    const leader = await cluster.start();
    let questions = 0;
    leader.isOtherVoterLost = () => {
      questions++;
      return questions < 4 ? Promise.reject(new Error('the file is not there')) : Promise.resolve(true);
    };
    await leader.stop();
    await otherOf(leader).stop();
    await leader.start();
    expect(await leader.serving()).toMatchObject({ role: 'leader' });
    expect(questions).toBe(4);
  });
});
