import { SessionlessReaper } from './sessionless-reaper.js';

function rig(options: ConstructorParameters<typeof SessionlessReaper<string>>[1] = {}) {
  const expired: string[] = [];
  const reaper = new SessionlessReaper<string>((connection) => expired.push(connection), options);
  return { reaper, expired };
}

describe('SessionlessReaper', () => {
  it('expires what got no session within ten seconds, a bucket at a time', () => {
    const { reaper, expired } = rig();
    reaper.add('a', 300);
    reaper.add('b', 900);
    reaper.add('c', 1_100);
    expect(reaper.nextExpiryMs).toBe(11_000);
    expect(reaper.expire(10_999)).toBe(0);
    expect(reaper.expire(11_000)).toBe(2);
    expect([expired, reaper.size, reaper.nextExpiryMs]).toEqual([['a', 'b'], 1, 12_000]);
  });

  it('leaves alone what opened a session or went away', () => {
    const { reaper, expired } = rig();
    reaper.add('a', 0);
    reaper.add('b', 0);
    reaper.remove('a');
    reaper.remove('a');
    expect(reaper.expire(1e9)).toBe(1);
    expect(expired).toEqual(['b']);
    expect(reaper.nextExpiryMs).toBe(Infinity);
  });

  it('never expires anything before its time, nor more than a bucket later', () => {
    for (let nowMs = 0; nowMs < 3_000; nowMs += 37) {
      const { reaper } = rig({ timeoutMs: 500, bucketMs: 200 });
      reaper.add('a', nowMs);
      expect(reaper.nextExpiryMs).toBeGreaterThanOrEqual(nowMs + 500);
      expect(reaper.nextExpiryMs).toBeLessThan(nowMs + 700);
    }
  });

  it('allows connections to be removed while it expires them', () => {
    const expired: string[] = [];
    const reaper = new SessionlessReaper<string>((connection) => {
      expired.push(connection);
      reaper.remove(connection);
      reaper.remove('c');
    });
    for (const connection of ['a', 'b', 'c', 'd']) reaper.add(connection, 0);
    reaper.expire(1e9);
    expect(expired).toEqual(['a', 'b', 'd']);
  });

  it.each([[0], [-1]])('is off with a timeout of %i', (timeoutMs) => {
    const { reaper } = rig({ timeoutMs });
    reaper.add('a', 0);
    expect([reaper.size, reaper.expire(1e9)]).toEqual([0, 0]);
  });
});
