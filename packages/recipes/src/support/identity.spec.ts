import { utf8 } from '@zk/client-api';
import { VirtualTime } from '@zk/testing';
import { identityBytes, identityOf } from './identity.js';

const time = new VirtualTime();
const runtime = { clock: time, scheduler: time, random: { next: () => 0 } };

describe('the identity in a node', () => {
  it('is JSON with the moment it was written', () => {
    const bytes = identityBytes(runtime, { host: 'web-1', pid: 4711 }, 'nightly report');
    expect(identityOf(bytes)).toEqual({
      host: 'web-1',
      pid: 4711,
      purpose: 'nightly report',
      sinceMs: time.wallMs(),
    });
  });

  it('is text as it is, for those who read an id there', () => {
    expect(utf8.decode(identityBytes(runtime, 'me-é'))).toBe('me-é');
    expect(identityOf(utf8.encode('10.1.2.3')!)).toEqual({ id: '10.1.2.3' });
  });

  it('is nothing where nothing was given', () => {
    expect(identityBytes(runtime, undefined)).toHaveLength(0);
    expect(identityOf(new Uint8Array())).toBeUndefined();
  });

  it('is not taken from JSON of another shape', () => {
    expect(identityOf(utf8.encode('{"pid":"4711","host":"a","rack":7}')!)).toEqual({ host: 'a' });
    expect(identityOf(utf8.encode('[1]')!)).toEqual({ id: '[1]' });
  });
});
