import type { RandomSource, SaslExchange, SaslStep } from '@zk/contracts';
import type { DigestInputs, DigestMd5Names } from './digest-md5.js';
import { DEFAULT_REALM, DEFAULT_SERVICE, digestResponse, randomNonce, sameText } from './digest-md5.js';
import type { Directive } from './directives.js';
import { isRepeated, parseDirectives, quoted, single } from './directives.js';
import { latin1Bytes, latin1Text, utf8AsLatin1, utf8Bytes, utf8OfLatin1 } from './text.js';

export interface DigestMd5ServerOptions extends DigestMd5Names {
  /** Passwords by user name. */
  readonly users: { get(username: string): string | undefined };
  /** Must be unpredictable: a nonce used twice lets an old answer count again. */
  readonly random: RandomSource;
}

/** Longest answer that is looked at, as RFC 2831 limits it. */
const MAX_RESPONSE_BYTES = 4096;

/** Directives that may stand once at most. */
const SINGLE = ['username', 'realm', 'nonce', 'cnonce', 'nc', 'qop', 'digest-uri', 'response', 'maxbuf', 'charset'];

/**
 * The server's end of a DIGEST-MD5 exchange (RFC 2831), as Java's and so Apache ZooKeeper's: a token opens it, empty
 * as a rule, the challenge follows, then one answer is judged. Quality of protection is authentication alone.
 */
export class DigestMd5Server implements SaslExchange {
  private phase: 'opening' | 'answer' | 'over' = 'opening';
  private readonly nonce: string;
  private readonly realm: string;
  private readonly digestUri: string;

  constructor(private readonly options: DigestMd5ServerOptions) {
    this.nonce = randomNonce(options.random);
    this.realm = options.realm ?? DEFAULT_REALM;
    this.digestUri = `${options.service ?? DEFAULT_SERVICE}/${this.realm}`;
  }

  step(token: Uint8Array): SaslStep {
    const { phase } = this;
    this.phase = 'over';
    if (phase === 'over') return failed('the exchange is over');
    if (token.length > MAX_RESPONSE_BYTES) {
      return failed(`a token of ${token.length} bytes, ${MAX_RESPONSE_BYTES} are allowed`);
    }
    if (phase === 'answer') return this.judge(token);
    this.phase = 'answer';
    const realm = quoted(utf8AsLatin1(this.realm));
    const challenge = `realm=${realm},nonce=${quoted(this.nonce)},charset=utf-8,algorithm=md5-sess`;
    return { kind: 'continue', token: latin1Bytes(challenge) };
  }

  private judge(token: Uint8Array): SaslStep {
    const directives = parseDirectives(latin1Text(token));
    if (directives === undefined) return failed("the client's answer is not one of DIGEST-MD5");
    const repeated = SINGLE.find((name) => isRepeated(directives, name));
    if (repeated !== undefined) return failed(`the client's answer has ${repeated} more than once`);
    const inputs = this.inputsOf(directives);
    if (typeof inputs === 'string') return failed(inputs);
    const password = this.options.users.get(inputs.username);
    const user = JSON.stringify(inputs.username);
    if (password === undefined) return failed(`there is no user ${user}`);
    const complete = { ...inputs, password };
    const given = single(directives, 'response') ?? '';
    if (!sameText(given, digestResponse(complete, 'client'))) return failed(`wrong password for user ${user}`);
    return {
      kind: 'complete',
      token: utf8Bytes(`rspauth=${digestResponse(complete, 'server')}`),
      authorizationId: inputs.username,
    };
  }

  /** What the answer says, or what is wrong with it. */
  private inputsOf(directives: readonly Directive[]): Omit<DigestInputs, 'password'> | string {
    const charset = single(directives, 'charset')?.toLowerCase();
    if (charset !== undefined && charset !== 'utf-8') return `the charset is ${charset}, not utf-8`;
    const text = (name: string): string | undefined => {
      const value = single(directives, name);
      return value === undefined || charset === undefined ? value : utf8OfLatin1(value);
    };
    const username = text('username');
    if (username === undefined || username === '') return 'the answer names no user';
    const realm = text('realm') ?? '';
    if (realm !== '' && realm !== this.realm) return `the realm is ${realm}, not ${this.realm}`;
    if (single(directives, 'nonce') !== this.nonce) return 'the nonce is not the one that was sent';
    const nonceCount = single(directives, 'nc') ?? '';
    if (!/^0{7}1$/.test(nonceCount)) return `the nonce was used ${nonceCount} times`;
    const cnonce = single(directives, 'cnonce');
    if (cnonce === undefined || cnonce === '') return 'the answer has no nonce of its own';
    const qop = single(directives, 'qop') ?? 'auth';
    if (qop !== 'auth') return `the quality of protection is ${qop}; only auth is offered`;
    const digestUri = single(directives, 'digest-uri') ?? '';
    if (digestUri.toLowerCase() !== this.digestUri.toLowerCase()) {
      return `the answer is for ${digestUri}, not for ${this.digestUri}`;
    }
    return { username, realm, nonce: this.nonce, cnonce, nonceCount, qop, digestUri, authzid: text('authzid') };
  }
}

export function createDigestMd5Server(options: DigestMd5ServerOptions): DigestMd5Server {
  return new DigestMd5Server(options);
}

function failed(reason: string): SaslStep {
  return { kind: 'failed', reason };
}
