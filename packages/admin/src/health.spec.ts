import type { ZkServer } from '@zk/server';
import { healthText, livenessOf, readinessOf } from './health.js';

type State = ZkServer['state'];

function serverIn(state: State, mode?: string): ZkServer {
  const isServing = state === 'serving' || state === 'degraded';
  const server: Partial<ZkServer> = { state, isServing };
  return Object.assign(server, { inspect: () => ({ view: mode === undefined ? undefined : { mode } }) }) as ZkServer;
}

describe('health', () => {
  it.each<[State, number, number, string]>([
    ['stopped', 200, 503, '[-] serving: the server is not started\nnot ok\n'],
    ['loading', 200, 503, '[-] serving: the data is being loaded\nnot ok\n'],
    ['electing', 200, 503, '[-] serving: there is no leader, or this server is being brought up to date\nnot ok\n'],
    ['serving', 200, 200, 'ok\n'],
    ['degraded', 200, 503, '[-] log: the log cannot be written: only reads are served\nnot ok\n'],
    ['stopping', 200, 503, '[-] serving: the server is stopping\nnot ok\n'],
    ['failed', 503, 503, '[-] serving: the server cannot go on\nnot ok\n'],
  ])('of a server that is %s: alive %i, ready %i', (state, alive, ready, text) => {
    const server = serverIn(state);
    expect(healthText(livenessOf(server), false).status).toBe(alive);
    expect(healthText(readinessOf(server), false)).toEqual({ status: ready, text });
  });

  it('is not there without a quorum', () => {
    const { status, text } = healthText(readinessOf(serverIn('serving', 'read-only')), true);
    expect(status).toBe(503);
    expect(text).toBe('[+] serving: ok\n[+] log: ok\n[-] quorum: there is no quorum: only reads are served\nnot ok\n');
  });
});
