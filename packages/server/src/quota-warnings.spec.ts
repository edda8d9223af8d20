import { silentLogger } from '@zk/contracts';
import type { LimitExceeded } from '@zk/data-tree';
import { QuotaWarnings } from './quota-warnings.js';

it('warns of soft quotas once a minute, of whichever comes first', () => {
  let nowMs = 5;
  const lines: unknown[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void lines.push(fields) };
  const warnings = new QuotaWarnings({ monotonicMs: () => nowMs, wallMs: () => 0 }, logger);
  const of = (path: string): LimitExceeded => ({ path, what: 'count', value: 3, limit: 2 });
  warnings.exceeded(of('/a'));
  warnings.exceeded(of('/b'));
  nowMs += 59_999;
  warnings.exceeded(of('/c'));
  nowMs++;
  warnings.exceeded(of('/d'));
  expect(lines).toEqual(['/a', '/d'].map((quota) => ({ quota, what: 'count', value: 3, limit: 2 })));
});
