import { silentLogger } from '@zk/contracts';
import { RefusalLog } from './refusal-log.js';

it('tells of refused connections once a second, and how many there were in between', () => {
  let nowMs = 5;
  const lines: unknown[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void lines.push(fields) };
  const log = new RefusalLog({ monotonicMs: () => nowMs, wallMs: () => 0 }, logger);
  for (const client of ['a', 'b', 'c']) log.refused(client, 'maxClientCnxns');
  nowMs += 999;
  log.refused('d', 'maxClientCnxns');
  nowMs++;
  log.refused('e', 'maxCnxns');
  nowMs += 1_000;
  log.refused('f', 'maxCnxns');
  expect(lines).toEqual([
    { client: 'a', reason: 'maxClientCnxns', suppressed: 0 },
    { client: 'e', reason: 'maxCnxns', suppressed: 3 },
    { client: 'f', reason: 'maxCnxns', suppressed: 0 },
  ]);
});
