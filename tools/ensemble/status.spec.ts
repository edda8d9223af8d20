import { type Answers, leaderOf, type MemberFacts, statusOf } from './status.js';

function facts(id: number, more: Partial<MemberFacts> = {}): MemberFacts {
  const ports = { client: 2180 + id, quorum: 2887 + id, election: 3887 + id };
  return { id, kind: 'zk', isObserver: false, condition: 'running', pid: 100 + id, dataDir: '', ports, ...more };
}

function answers(mode: string, zxid: string, currentEpoch: string): Answers {
  const srvr = `Zookeeper version: 3.9.5\nLatency min/avg/max: 0/0.5/9\nZxid: ${zxid}\nMode: ${mode}\nNode count: 5\n`;
  const mntr = [
    `zk_server_state\t${mode}`,
    `zk_peer_state\t${mode === 'leader' ? 'leading' : 'following'} - broadcast`,
    'zk_avg_latency\t0.5',
    'zk_num_alive_connections\t3',
    'zk_global_sessions\t2',
  ];
  return { srvr, mntr: `${mntr.join('\n')}\n`, currentEpoch };
}

const silent: Answers = { srvr: '', mntr: '', currentEpoch: '' };

describe('the status of an ensemble', () => {
  it('is read from what the servers answer and from their disks', () => {
    const [server] = statusOf([{ facts: facts(1), answers: answers('leader', '0x30000002a', '3') }]);
    expect(server).toMatchObject({
      role: 'leader',
      state: 'leading - broadcast',
      epoch: 3,
      zxid: 0x30000002an,
      sessions: 2,
      connections: 3,
      latencyMs: 0.5,
    });
  });

  it.each([
    ['what the leader has applied and it has not', '0x300000010', '3', 26],
    ['nothing when it has all', '0x30000002a', '3', 0],
    ['nothing when it was asked a moment later and is ahead', '0x30000002b', '3', 0],
    ['all of the epoch when it has nothing of it yet', '0x2000000ff', '3', 42],
    ['unknown while it is in another epoch', '0x2000000ff', '2', undefined],
  ])('lag of a follower is %s', (_, zxid, epoch, lag) => {
    const [, follower] = statusOf([
      { facts: facts(1), answers: answers('leader', '0x30000002a', '3') },
      { facts: facts(2), answers: answers('follower', zxid, epoch) },
    ]);
    expect(follower?.lag).toBe(lag);
  });

  it.each([
    ['not serving', facts(1)],
    ['paused', facts(1, { condition: 'paused' })],
    ['stopped', facts(1, { condition: 'stopped', pid: 0 })],
  ] as const)('of a silent server is "%s"', (state, member) => {
    const [server] = statusOf([{ facts: member, answers: silent }]);
    expect(server).toMatchObject({ role: 'none', state, zxid: undefined, epoch: undefined });
  });

  it('takes the later epoch for the truth when two say that they lead', () => {
    const all = statusOf([
      { facts: facts(1), answers: answers('leader', '0x3000000ff', '3') },
      { facts: facts(2), answers: answers('leader', '0x400000001', '4') },
    ]);
    expect(leaderOf(all)?.id).toBe(2);
  });
});
