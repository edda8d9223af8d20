import type { SaslStep } from '@zk/contracts';
import fc from 'fast-check';
import { digestResponse } from './digest-md5.js';
import { INITIAL_TOKEN, createDigestMd5Client } from './digest-md5-client.js';
import { createDigestMd5Server } from './digest-md5-server.js';

const random = { next: () => 0.5 };
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (step: SaslStep): string =>
  step.kind === 'failed' || step.token === undefined ? '' : new TextDecoder().decode(step.token);
const reasonOf = (step: SaslStep): string => (step.kind === 'failed' ? step.reason : `(${step.kind})`);

function tokenOf(step: SaslStep): Uint8Array {
  if (step.kind === 'failed') throw new Error(step.reason);
  return step.token ?? INITIAL_TOKEN;
}

describe('the digest', () => {
  it('is that of the example of RFC 2831, section 4', () => {
    const inputs = {
      username: 'chris',
      realm: 'elwood.innosoft.com',
      password: 'secret',
      nonce: 'OA6MG9tEQGm2hh',
      cnonce: 'OA6MHXh6VqTrRk',
      nonceCount: '00000001',
      qop: 'auth',
      digestUri: 'imap/elwood.innosoft.com',
      authzid: undefined,
    };
    expect(digestResponse(inputs, 'client')).toBe('d388dad90d4bbd760a152321f2143af7');
    expect(digestResponse(inputs, 'server')).toBe('ea40f60335c427b5527b84dbabcdfffd');
  });
});

describe('an exchange', () => {
  const run = (
    password: string,
    users: Map<string, string>,
    username = 'bob',
  ): { client: SaslStep; server: SaslStep } => {
    const client = createDigestMd5Client({ username, password, random });
    const server = createDigestMd5Server({ users, random });
    const answer = client.step(tokenOf(server.step(INITIAL_TOKEN)));
    const verdict = server.step(tokenOf(answer));
    return { server: verdict, client: client.step(verdict.kind === 'complete' ? tokenOf(verdict) : INITIAL_TOKEN) };
  };

  it('ends with both ends sure of each other', () => {
    const { client, server } = run('secret', new Map([['bob', 'secret']]));
    expect(server).toMatchObject({ kind: 'complete', authorizationId: 'bob' });
    expect(client).toEqual({ kind: 'complete', authorizationId: 'bob' });
  });

  it('takes any user name and password', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(
      fc.property(text, text, (username, password) => {
        const { client, server } = run(password, new Map([[username, password]]), username);
        expect([client.kind, server.kind]).toEqual(['complete', 'complete']);
      }),
    );
  });

  it('tells a wrong password from an unknown user, to the log alone', () => {
    expect(reasonOf(run('wrong', new Map([['bob', 'secret']])).server)).toBe('wrong password for user "bob"');
    expect(reasonOf(run('secret', new Map()).server)).toBe('there is no user "bob"');
  });

  it('is over after its last step', () => {
    const server = createDigestMd5Server({ users: new Map(), random });
    server.step(INITIAL_TOKEN);
    server.step(utf8('garbage'));
    expect(reasonOf(server.step(INITIAL_TOKEN))).toBe('the exchange is over');
  });
});

describe('the server', () => {
  const challenge = (server: { step(token: Uint8Array): SaslStep }): string => textOf(server.step(INITIAL_TOKEN));

  it('sends the challenge of Apache ZooKeeper', () => {
    expect(challenge(createDigestMd5Server({ users: new Map(), random }))).toBe(
      `realm="zk-sasl-md5",nonce="${'80'.repeat(16)}",charset=utf-8,algorithm=md5-sess`,
    );
  });

  it.each([
    ['an answer to another nonce', /nonce="[^"]*"/, 'nonce="00"', /nonce is not the one/],
    ['an answer made for another service', 'zookeeper/', 'imap/', /for imap\/zk-sasl-md5, not for zookeeper/],
    ['another realm', 'realm="zk-sasl-md5"', 'realm="elsewhere"', /realm is elsewhere/],
    ['a nonce used again', 'nc=00000001', 'nc=00000002', /nonce was used/],
    ['integrity protection', 'qop=auth', 'qop=auth-int', /auth-int/],
    ['two users', 'username=', 'username="eve",username=', /username more than once/],
    ['no user', /username="bob",/, '', /names no user/],
    ['a user without a name', 'username="bob"', 'username=""', /names no user/],
    ['no nonce of its own', /cnonce="[^"]*",/, '', /no nonce of its own/],
    ['an empty nonce of its own', /cnonce="[^"]*"/, 'cnonce=""', /no nonce of its own/],
    ['no count of the nonce', 'nc=00000001,', '', /nonce was used {2}times/],
    ['an answer for nobody', /digest-uri="[^"]*",/, '', /is for , not for/],
    ['no digest', /,response=[0-9a-f]+/, '', /wrong password/],
    ['no realm, since the digest has one', 'realm="zk-sasl-md5",', '', /wrong password/],
    ['an answer beyond every limit', /$/, `,x="${'a'.repeat(4096)}"`, /4096 are allowed/],
    ['an unknown charset', 'charset=utf-8', 'charset=koi8-r', /koi8-r/],
    ['a digest of another length', /response=[0-9a-f]+/, 'response=ab', /wrong password/],
    ['garbage', /^/, '"', /not one of DIGEST-MD5/],
  ])('refuses %s', (_name, from, to, reason) => {
    const server = createDigestMd5Server({ users: new Map([['bob', 'pw']]), random });
    const client = createDigestMd5Client({ username: 'bob', password: 'pw', random: { next: () => 0.25 } });
    const answer = textOf(client.step(utf8(challenge(server))));
    expect(reasonOf(server.step(utf8(answer.replace(from, to))))).toMatch(reason);
  });

  it.each([
    ['a charset in capitals', 'charset=utf-8', 'charset=UTF-8'],
    ['no charset, where the name needs none', 'charset=utf-8,', ''],
    ['no quality of protection', ',qop=auth', ''],
    ['a directive that it does not know', /$/, ',x=1'],
  ])('understands %s', (_name, from, to) => {
    const server = createDigestMd5Server({ users: new Map([['bob', 'pw']]), random });
    const client = createDigestMd5Client({ username: 'bob', password: 'pw', random });
    const answer = textOf(client.step(utf8(challenge(server))));
    expect(answer.replace(from, to)).not.toBe(answer);
    expect(server.step(utf8(answer.replace(from, to)))).toMatchObject({ kind: 'complete', authorizationId: 'bob' });
  });

  it('takes an answer without a realm that was made without one', () => {
    const server = createDigestMd5Server({ users: new Map([['bob', 'pw']]), random });
    const client = createDigestMd5Client({ username: 'bob', password: 'pw', random });
    const withoutRealm = challenge(server).replace('realm="zk-sasl-md5",', '');
    expect(reasonOf(server.step(tokenOf(client.step(utf8(withoutRealm)))))).toBe('(complete)');
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (token) => {
        const server = createDigestMd5Server({ users: new Map([['bob', 'pw']]), random });
        server.step(INITIAL_TOKEN);
        expect(server.step(token).kind).toBe('failed');
      }),
    );
  });
});

describe('the client', () => {
  const make = (): ReturnType<typeof createDigestMd5Client> =>
    createDigestMd5Client({ username: 'bob', password: 'pw', random });

  it.each([
    ['an empty challenge, as of a server without users', '', /has no users for SASL/],
    ['a challenge without a nonce', 'algorithm=md5-sess', /no nonce/],
    ['another algorithm', 'nonce="a",algorithm=sha-256', /sha-256/],
    ['a server that insists on encryption', 'nonce="a",algorithm=md5-sess,qop="auth-conf"', /auth-conf/],
    ['what is no challenge', 'nonce="a', /not one of DIGEST-MD5/],
    ['a challenge beyond every limit', `nonce="${'a'.repeat(3000)}"`, /2048 are allowed/],
  ])('refuses %s', (_name, challenge, reason) => {
    expect(reasonOf(make().step(utf8(challenge)))).toMatch(reason);
  });

  it.each([
    ['the server’s own', 'realm="other",realm="zk-sasl-md5",', 'zk-sasl-md5'],
    ['else the first', 'realm="other",realm="third",', 'other'],
    ['in UTF-8 where the server speaks it', 'realm="ä",charset=utf-8,', 'ä'],
    ['none where none is offered', '', undefined],
  ])('chooses the realm: %s', (_which, realms, chosen) => {
    const answer = textOf(make().step(utf8(`${realms}nonce="a",algorithm=md5-sess`)));
    expect(/realm="([^"]*)"/.exec(answer)?.[1]).toBe(chosen);
  });

  it('takes authentication alone from a list of what is offered', () => {
    const step = make().step(utf8('nonce="a",algorithm=md5-sess,qop="auth-conf , auth"'));
    expect(textOf(step)).toContain('qop=auth');
  });

  it('refuses a server that does not know the password', () => {
    const client = make();
    client.step(utf8('realm="zk-sasl-md5",nonce="a",algorithm=md5-sess,charset=utf-8'));
    expect(reasonOf(client.step(utf8(`rspauth=${'0'.repeat(32)}`)))).toMatch(/did not prove/);
  });

  it('sends what Java sends, with blanks, commas and quotes of the challenge understood', () => {
    const client = createDigestMd5Client({ username: 'b"ob', password: 'pw', random, authorizationId: 'x' });
    const answer = textOf(client.step(utf8('realm="a,b" , realm=zk-sasl-md5,,nonce="n\\"1",algorithm=md5-sess')));
    expect(answer).toBe(
      `username="b\\"ob",realm="zk-sasl-md5",nonce="n\\"1",nc=00000001,cnonce="${'80'.repeat(16)}",` +
        'digest-uri="zookeeper/zk-sasl-md5",maxbuf=65536,response=' +
        `${/response=([0-9a-f]{32})/.exec(answer)?.[1] ?? ''},qop=auth,authzid="x"`,
    );
  });

  it('says when a user name does not fit into what the server understands', () => {
    const client = createDigestMd5Client({ username: '日', password: 'pw', random });
    expect(reasonOf(client.step(utf8('nonce="a",algorithm=md5-sess')))).toMatch(/only ISO-8859-1/);
  });
});
