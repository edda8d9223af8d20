/** What each member of an ensemble proves itself with: a certificate of one authority, and a login by name and password. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { issue } from '../../../packages/transport-tls/test/certificates.ts';
import { temporaryDirectory } from '../../lib/launch.ts';
import { pemOf } from '../tls/certificates.ts';

const LOGIN = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
/** Members of an ensemble on one machine call each other by address, and Apache's look the name of an address up. */
const NAMES = ['127.0.0.1', 'localhost'];

const AUTHORITY = 'authority.pem';
const MEMBER = 'member.pem';
const STRANGER = 'stranger.pem';
const LOGINS = 'logins.conf';
const WRONG_LOGINS = 'wrong-logins.conf';

/** A folder of credentials; each member reads copies of its own, so that one of them can be given others. */
export class Credentials {
  private readonly folder = temporaryDirectory('zk-credentials-');
  private copies = 0;

  constructor() {
    const authority = issue({ commonName: 'authority', isAuthority: true });
    const files = {
      [AUTHORITY]: pemOf(authority),
      [MEMBER]: pemOf(issue({ commonName: 'member', names: NAMES, issuer: authority })),
      [STRANGER]: pemOf(
        issue({ commonName: 'member', names: NAMES, issuer: issue({ commonName: 'authority', isAuthority: true }) }),
      ),
      [LOGINS]: loginsOf('secret'),
      [WRONG_LOGINS]: loginsOf('wrong'),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text);
  }

  /** Those of one more member. */
  copy(): MemberCredentials {
    const own = join(this.folder, `member-${++this.copies}`);
    mkdirSync(own);
    const store = join(own, MEMBER);
    const logins = join(own, LOGINS);
    const exchange = (storeSource: string, loginsSource: string): void => {
      copyFileSync(join(this.folder, storeSource), store);
      copyFileSync(join(this.folder, loginsSource), logins);
    };
    const restore = (): void => exchange(MEMBER, LOGINS);
    restore();
    return {
      store,
      logins,
      trust: join(this.folder, AUTHORITY),
      restore,
      spoil: () => exchange(STRANGER, WRONG_LOGINS),
    };
  }
}

export interface MemberCredentials {
  /** PEM: certificate and key. */
  readonly store: string;
  /** PEM: whom to trust. */
  readonly trust: string;
  /** A JAAS file. */
  readonly logins: string;
  /** Puts a certificate of another authority, and another password, into the files; read at the next start. */
  readonly spoil: () => void;
  /** Puts the right ones back. */
  readonly restore: () => void;
}

function loginsOf(password: string): string {
  return (
    `QuorumServer { ${LOGIN} user_zoo="${password}"; };\n` +
    `QuorumLearner { ${LOGIN} username="zoo" password="${password}"; };\n`
  );
}
