import type { RandomSource, SaslExchange, SaslStep } from '@zk/contracts';
import type { DigestInputs, DigestMd5Names } from './digest-md5.js';
import { DEFAULT_REALM, DEFAULT_SERVICE, digestResponse, randomNonce, sameText } from './digest-md5.js';
import type { Directive } from './directives.js';
import { parseDirectives, quoted, single } from './directives.js';
import { latin1Bytes, latin1Text, utf8AsLatin1, utf8OfLatin1 } from './text.js';

export interface DigestMd5ClientOptions extends DigestMd5Names {
  readonly username: string;
  readonly password: string;
  /** Who to act as, when that is not the user; Apache ZooKeeper makes nothing of it. Default: not sent. */
  readonly authorizationId?: string;
  /** Must be unpredictable. */
  readonly random: RandomSource;
}

/** Longest challenge that is looked at, as RFC 2831 limits it. */
const MAX_CHALLENGE_BYTES = 2048;

/**
 * The client's end of a DIGEST-MD5 exchange (RFC 2831). It opens with an empty token ({@link INITIAL_TOKEN}), answers
 * the server's challenge with a digest that proves the password without telling it, and is complete only when the
 * server has proved in turn that it knows the password too.
 */
export class DigestMd5Client implements SaslExchange {
  private phase: 'challenge' | 'proof' | 'over' = 'challenge';
  private expectedProof = '';

  constructor(private readonly options: DigestMd5ClientOptions) {}

  step(token: Uint8Array): SaslStep {
    const { phase } = this;
    this.phase = 'over';
    if (phase === 'over') return failed('the exchange is over');
    if (token.length === 0) return failed('the server answered without a token: it has no users for SASL DIGEST-MD5');
    if (token.length > MAX_CHALLENGE_BYTES) {
      return failed(`a token of ${token.length} bytes, ${MAX_CHALLENGE_BYTES} are allowed`);
    }
    const directives = parseDirectives(latin1Text(token));
    if (directives === undefined) return failed("the server's token is not one of DIGEST-MD5");
    return phase === 'challenge' ? this.answer(directives) : this.judge(directives);
  }

  private answer(challenge: readonly Directive[]): SaslStep {
    const nonce = single(challenge, 'nonce');
    if (nonce === undefined) return failed('the challenge has no nonce, or several');
    const algorithm = single(challenge, 'algorithm');
    if (algorithm !== 'md5-sess') return failed(`the challenge names the algorithm ${algorithm ?? '(none)'}`);
    const qops = (single(challenge, 'qop') ?? 'auth').split(',').map((qop) => qop.trim());
    if (!qops.includes('auth')) return failed(`the server offers no authentication alone, but ${qops.join(', ')}`);
    const isUtf8 = single(challenge, 'charset')?.toLowerCase() === 'utf-8';
    const { username, password, authorizationId: authzid, random } = this.options;
    const { service = DEFAULT_SERVICE, realm: serverName = DEFAULT_REALM } = this.options;
    const inputs: DigestInputs = {
      username,
      realm: chosenRealm(challenge, serverName, isUtf8),
      password,
      nonce,
      cnonce: randomNonce(random),
      nonceCount: '00000001',
      qop: 'auth',
      digestUri: `${service}/${serverName}`,
      authzid,
    };
    this.expectedProof = digestResponse(inputs, 'server');
    this.phase = 'proof';
    try {
      return { kind: 'continue', token: latin1Bytes(responseText(inputs, isUtf8)) };
    } catch {
      this.phase = 'over';
      return failed('the server takes only ISO-8859-1, and the user name has other characters');
    }
  }

  private judge(directives: readonly Directive[]): SaslStep {
    const proof = single(directives, 'rspauth');
    if (proof === undefined || !sameText(proof, this.expectedProof)) {
      return failed('the server did not prove that it knows the password');
    }
    return { kind: 'complete', authorizationId: this.options.authorizationId ?? this.options.username };
  }
}

/** What a client sends to begin. */
export const INITIAL_TOKEN: Uint8Array = new Uint8Array(0);

export function createDigestMd5Client(options: DigestMd5ClientOptions): DigestMd5Client {
  return new DigestMd5Client(options);
}

/** The server's own name when it is offered, else the first realm offered; none offered is the empty realm. */
function chosenRealm(challenge: readonly Directive[], serverName: string, isUtf8: boolean): string {
  const realms = challenge
    .filter(({ name }) => name === 'realm')
    .map(({ value }) => (isUtf8 ? utf8OfLatin1(value) : undefined) ?? value);
  return realms.includes(serverName) ? serverName : (realms[0] ?? '');
}

/** The order of Java's client. */
function responseText(inputs: DigestInputs, isUtf8: boolean): string {
  const encoded = (text: string): string => quoted(isUtf8 ? utf8AsLatin1(text) : text);
  const parts = isUtf8 ? ['charset=utf-8'] : [];
  parts.push(`username=${encoded(inputs.username)}`);
  if (inputs.realm !== '') parts.push(`realm=${encoded(inputs.realm)}`);
  parts.push(
    `nonce=${quoted(inputs.nonce)}`,
    `nc=${inputs.nonceCount}`,
    `cnonce=${quoted(inputs.cnonce)}`,
    `digest-uri=${quoted(inputs.digestUri)}`,
    'maxbuf=65536',
    `response=${digestResponse(inputs, 'client')}`,
    `qop=${inputs.qop}`,
  );
  if (inputs.authzid !== undefined) parts.push(`authzid=${encoded(inputs.authzid)}`);
  return parts.join(',');
}

function failed(reason: string): SaslStep {
  return { kind: 'failed', reason };
}
