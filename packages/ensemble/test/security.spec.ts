import { type SaslExchange, type Transport, silentLogger } from '@zk/contracts';
import { DigestMd5Client, DigestMd5Server, QUORUM_NAMES } from '@zk/sasl';
import { MemoryTransport } from '@zk/transport-memory';
import { SaslTransport } from '../src/index.js';
import { Member, configOf, leaderOf, nextTurn, realScheduler } from './cluster.js';

const random = { next: () => 0.5 };
const users = new Map([['zoo', 'secret']]);

/** The steps of `docs/ensembles.md` in which an ensemble that runs comes to demand proofs. */
type Stage = 'off' | 'enabled' | 'proving' | 'demanding';

function transportOf(network: Transport, stage: Stage, password = 'secret'): Transport {
  if (stage === 'off') return network;
  const prove = (): SaslExchange => new DigestMd5Client({ ...QUORUM_NAMES, username: 'zoo', password, random });
  const options = {
    prove: stage === 'enabled' ? undefined : prove,
    judge: () => new DigestMd5Server({ ...QUORUM_NAMES, users, random }),
    isProofRequired: stage === 'demanding',
    timeoutMs: 10_000,
  };
  return new SaslTransport(network, options, { scheduler: realScheduler, logger: silentLogger });
}

describe('an ensemble whose members authenticate', () => {
  const network = new MemoryTransport();
  const config = configOf(3);
  let members: Member[] = [];

  const memberOf = (id: number, stage: Stage, password?: string): Member =>
    new Member(id, transportOf(network, stage, password), config);

  afterEach(async () => {
    await Promise.all(members.map((member) => member.stop()));
    for (let turn = 0; turn < 20 && network.openEndCount > 0; turn++) await nextTurn();
    expect(network.openEndCount).toBe(0);
  });

  it.each([
    ['off', 'enabled'],
    ['enabled', 'proving'],
    ['proving', 'demanding'],
    ['demanding', 'demanding'],
  ] as const)('elects and commits while some are %s and others %s', async (before, after) => {
    members = [memberOf(1, after), memberOf(2, before), memberOf(3, after)];
    await Promise.all(members.map((member) => member.start()));
    const leader = await leaderOf(members);
    const zxid = leader.create('/a', 'x');
    await Promise.all(members.map((member) => member.applied(zxid)));
    expect(members.map((member) => member.data('/a'))).toEqual(['x', 'x', 'x']);
  });

  it('goes on without a server that does not know the password', async () => {
    members = [memberOf(1, 'demanding'), memberOf(2, 'demanding'), memberOf(3, 'demanding', 'wrong')];
    await Promise.all(members.map((member) => member.start()));
    const leader = await leaderOf(members.slice(0, 2));
    expect(leader.id).toBe(2);
    const zxid = leader.create('/a', 'x');
    await members[0]!.applied(zxid);
    expect(members[2]!.peer!.role.isServing).toBe(false);
  });
});
