import { EnsembleConfig } from '@zk/quorum';
import { MemberAddresses } from '../src/member-addresses.js';

const line = (id: number, quorumPort = 2888): string => `server.${id}=h${id}:${quorumPort}:3888:participant;2181`;
const configOf = (...lines: string[]): EnsembleConfig => EnsembleConfig.parse(lines.join('\n'));

function addressesOfTwo(): MemberAddresses {
  return new MemberAddresses(2n, configOf(line(1), line(2)), false, undefined);
}

it.each([
  ['the committed configuration has another address', [], [configOf(line(1), line(2, 3000))], 3000],
  ['only a proposed one has it', [configOf(line(1), line(2, 3000))], [configOf(line(1))], 3000],
  ['no configuration has it any more', [configOf(line(1))], [configOf(line(1))], 2888],
])('a server says where it is, and listens there, when %s', (_, seen, committed, port) => {
  const addresses = addressesOfTwo();
  for (const config of seen) addresses.changed(config, 'seen');
  for (const config of committed) addresses.changed(config, 'committed');
  expect(addresses.of(2n, 'quorumPort')).toEqual([{ host: 'h2', port }]);
  expect(addresses.toListenOn('electionPort')).toEqual([{ host: 'h2', port: 3888 }]);
});

it('another server that no configuration has any more is nowhere', () => {
  const addresses = addressesOfTwo();
  addresses.changed(configOf(line(2)), 'seen');
  addresses.changed(configOf(line(2)), 'committed');
  expect(addresses.of(1n, 'electionPort')).toEqual([]);
});
