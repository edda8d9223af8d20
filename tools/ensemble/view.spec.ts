import { statusOf } from './status.js';
import { line, plain, signature, table } from './view.js';

const ports = { client: 2181, quorum: 2888, election: 3888 };
const facts = { id: 1, kind: 'zk', isObserver: false, condition: 'running', pid: 101, ports, dataDir: '' } as const;
const answers = {
  srvr: 'Zxid: 0x30000002a\nMode: leader\n',
  mntr: 'zk_peer_state\tleading - broadcast\nzk_avg_latency\t0.25\nzk_num_alive_connections\t3\nzk_global_sessions\t2\n',
  currentEpoch: '3',
};
const silent = { srvr: '', mntr: '', currentEpoch: '' };
const all = statusOf([
  { facts, answers },
  { facts: { ...facts, id: 2, kind: 'apache', isObserver: true, condition: 'stopped', pid: 0 }, answers: silent },
]);

describe('the status', () => {
  it('is a table, one row per server', () => {
    expect(table(all).split('\n')).toEqual([
      ' id  server             role    state                epoch         zxid  lag  sessions  clients  latency  pid  ports',
      '  1  zk                 leader  leading - broadcast      3  0x30000002a    -         2        3   0.3 ms  101  2181 2888 3888',
      '  2  Apache (observer)  -       stopped                  -            -    -         -        -        -    -  2181 2888 3888',
    ]);
  });

  it('is a line for each server, for logs', () => {
    expect(all.map(line)).toEqual([
      'server.1 zk on 2181: leader, leading - broadcast, epoch 3, zxid 0x30000002a, pid 101',
      'server.2 Apache (observer) on 2181: stopped',
    ]);
  });

  it('is JSON, with null for what is not known', () => {
    const back = JSON.parse(JSON.stringify(plain(all)));
    expect(back).toMatchObject({ leader: 1, connect: '127.0.0.1:2181,127.0.0.1:2181' });
    expect(back.servers[0]).toMatchObject({ role: 'leader', zxid: '0x30000002a', latencyMs: 0.25, lag: 0 });
    expect(back.servers[1]).toMatchObject({ role: 'none', condition: 'stopped', zxid: null, lag: null });
  });

  it('has not changed when only counters have', () => {
    const [before] = statusOf([{ facts, answers }]);
    const [after] = statusOf([{ facts, answers: { ...answers, srvr: answers.srvr.replace('2a', '2b') } }]);
    expect(signature(after!)).toBe(signature(before!));
  });
});
