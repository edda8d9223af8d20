import { Harness } from './harness.js';
import { outcome } from './outcomes.js';

describe('proofs of identity', () => {
  let harness: Harness;
  beforeEach(async () => (harness = await new Harness().start()));
  afterEach(() => harness.end());

  it('are taken up to a number that nobody needs', async () => {
    const client = await harness.connect();
    const proofs = Array.from({ length: 1100 }, (_, i) => outcome(client.auth('digest', `user${i}:pw`)));
    const outcomes = await Promise.all(proofs);
    expect(outcomes.slice(0, 1000)).toEqual(Array.from({ length: 1000 }, () => 'OK'));
    expect(outcomes).toContain('AUTHFAILED');
    expect(outcomes.at(-1)).toBe('CLOSED');
  });

  it('are taken until they are longer than anybody needs', async () => {
    const client = await harness.connect();
    const long = [0, 1, 2, 3].map((i) => outcome(client.auth('digest', `${'u'.repeat(600_000)}${i}:pw`)));
    expect(await Promise.all(long)).toEqual(['OK', 'OK', 'AUTHFAILED', 'CLOSED']);
  });
});
