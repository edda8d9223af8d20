import { silentLogger } from '@zk/contracts';
import { INITIAL_TOKEN, createDigestMd5Client } from '@zk/sasl';
import { createSaslAuthority } from './sasl-authority.js';

const random = { next: () => 0.5 };

describe('createSaslAuthority', () => {
  it.each([
    ['an object', { bob: 'secret' }],
    ['a map', new Map([['bob', 'secret']])],
  ])('lets in who knows a password of %s', (_what, users) => {
    const authority = createSaslAuthority({ users });
    const server = authority.begin();
    const challenge = server.step(INITIAL_TOKEN);
    const client = createDigestMd5Client({ username: 'bob', password: 'secret', random });
    const answer = challenge.kind === 'continue' ? client.step(challenge.token) : challenge;
    expect(answer.kind === 'continue' && server.step(answer.token)).toMatchObject({
      kind: 'complete',
      authorizationId: 'bob',
    });
  });

  it('challenges each exchange anew', () => {
    const authority = createSaslAuthority({ users: {} });
    const challenges = [authority.begin(), authority.begin()].map((server) =>
      JSON.stringify(server.step(INITIAL_TOKEN)),
    );
    expect(challenges[0]).not.toBe(challenges[1]);
  });

  it('knows whose id is that of a super user', () => {
    const authority = createSaslAuthority({ users: new Map(), superUsers: ['root'] });
    expect(authority.idsOf('bob')).toEqual([{ scheme: 'sasl', id: 'bob' }]);
    expect(authority.idsOf('root')).toEqual([
      { scheme: 'sasl', id: 'root' },
      { scheme: 'super', id: '' },
    ]);
  });

  it.each([
    [undefined, false, 'its connection is closed'],
    [true, true, 'it stays connected'],
  ])('with keepsFailed %s says what becomes of who failed, and logs it with the reason', (given, keepsFailed, fate) => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (_fields: object, text: string) => void warnings.push(text) };
    const authority = createSaslAuthority({
      users: {},
      logger,
      ...(given === undefined ? {} : { keepsFailed: given }),
    });
    authority.failed({ remoteAddress: '10.0.0.1' }, 'there is no user "eve"');
    expect(authority.keepsFailed).toBe(keepsFailed);
    expect(warnings).toEqual([`a client failed to authenticate by SASL: there is no user "eve"; ${fate}`]);
  });
});
