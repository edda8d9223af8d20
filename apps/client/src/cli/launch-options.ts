import { closest } from '../shell/suggest.js';
import { UsageError } from './exit-codes.js';

/** What the words in front of the command say. */
export interface LaunchOptions {
  readonly servers: string;
  readonly timeoutMs: number;
  readonly isReadOnly: boolean;
  readonly waitsForConnection: boolean;
  readonly clientConfiguration: string | undefined;
  readonly isSecure: boolean;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** `scheme:auth`, in order. */
  readonly auth: readonly string[];
  /** `user:password` of SASL DIGEST-MD5. */
  readonly sasl: string | undefined;
  readonly isJson: boolean;
  readonly isZkCli: boolean;
  readonly wantsHelp: boolean;
  readonly wantsVersion: boolean;
  /** Texts of `-c`. */
  readonly scripts: readonly string[];
  readonly file: string | undefined;
  /** The command and its arguments; empty for a shell. */
  readonly command: readonly string[];
}

interface Flag {
  readonly names: readonly string[];
  readonly value?: string;
  readonly summary: string;
}

/** zkCli's come first; one dash or two is all the same. */
export const LAUNCH_FLAGS = {
  server: {
    names: ['server', 's'],
    value: 'host:port,…/chroot',
    summary: 'the servers; default: ZK_SERVERS, else localhost:2181',
  },
  timeout: { names: ['timeout'], value: 'ms', summary: 'session timeout; default 30000' },
  readOnly: { names: ['r', 'readonly'], summary: 'be content with a server that has no quorum' },
  wait: { names: ['waitforconnection'], summary: 'give the connection as long as the session timeout; default 10 s' },
  clientConfiguration: {
    names: ['client-configuration'],
    value: 'file',
    summary: 'properties of the Java client: TLS with PEM files, and chosen others',
  },
  secure: { names: ['secure', 'tls'], summary: 'connect with TLS' },
  ca: { names: ['ca'], value: 'file', summary: 'certificates to trust, PEM' },
  cert: { names: ['cert'], value: 'file', summary: 'own certificate, PEM' },
  key: { names: ['key'], value: 'file', summary: 'its key, PEM' },
  auth: { names: ['auth'], value: 'scheme:auth', summary: 'credentials, as addauth; may be repeated' },
  sasl: { names: ['sasl'], value: 'user:password', summary: 'SASL DIGEST-MD5; without a password: ZK_SASL_PASSWORD' },
  command: { names: ['c', 'command'], value: 'commands', summary: 'commands, with semicolons between them' },
  file: { names: ['f', 'file'], value: 'file', summary: 'a file with a command on each line; - is standard input' },
  json: { names: ['json'], summary: 'print JSON, one document per line' },
  zkCli: { names: ['zkcli'], summary: 'print and exit exactly as zkCli.sh' },
  help: { names: ['help', 'h'], summary: 'say all this' },
  version: { names: ['version', 'V'], summary: 'print the version' },
} as const satisfies Readonly<Record<string, Flag>>;

type FlagName = keyof typeof LAUNCH_FLAGS;

const DEFAULT_SERVERS = 'localhost:2181';
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Reads the arguments up to the first word that is no option: that is the command, and what follows is its own.
 * @throws UsageError
 */
export function readLaunchOptions(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): LaunchOptions {
  const values = new Map<FlagName, string[]>();
  let at = 0;
  while (at < argv.length) {
    const word = argv[at] as string;
    if (word === '--') {
      at++;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    at++;
    const bare = word.replace(/^--?/, '');
    const equals = word.startsWith('--') ? bare.indexOf('=') : -1;
    const name = flagOf(equals === -1 ? bare : bare.slice(0, equals), word);
    const needsValue = 'value' in LAUNCH_FLAGS[name];
    if (!needsValue && equals !== -1) throw new UsageError(`${word}: this option takes no value`);
    const value = !needsValue ? '' : equals === -1 ? argv[at++] : bare.slice(equals + 1);
    if (value === undefined) throw new UsageError(`${word} needs a value`);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return complete(values, argv.slice(at), environment);
}

function flagOf(name: string, word: string): FlagName {
  for (const [key, { names }] of Object.entries(LAUNCH_FLAGS) as [FlagName, Flag][]) {
    if (names.includes(name)) return key;
  }
  const all = Object.values<Flag>(LAUNCH_FLAGS).flatMap(({ names }) => names.filter((known) => known.length > 1));
  const hint = closest(name, all);
  throw new UsageError(`unknown option ${word}${hint === undefined ? '' : `. Did you mean -${hint}?`}`);
}

function complete(
  values: ReadonlyMap<FlagName, readonly string[]>,
  command: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): LaunchOptions {
  const last = (name: FlagName): string | undefined => values.get(name)?.at(-1);
  const timeout = last('timeout') ?? String(DEFAULT_TIMEOUT_MS);
  if (!/^\d{1,10}$/.test(timeout) || Number(timeout) < 1 || Number(timeout) > 0x7fff_ffff) {
    throw new UsageError(`-timeout needs milliseconds from 1 to 2147483647, not "${timeout}"`);
  }
  const [ca, cert, key] = [last('ca'), last('cert'), last('key')];
  return {
    servers: last('server') ?? environment['ZK_SERVERS'] ?? DEFAULT_SERVERS,
    timeoutMs: Number(timeout),
    isReadOnly: values.has('readOnly'),
    waitsForConnection: values.has('wait'),
    clientConfiguration: last('clientConfiguration'),
    isSecure: values.has('secure') || ca !== undefined || cert !== undefined,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    auth: values.get('auth') ?? [],
    sasl: last('sasl'),
    isJson: values.has('json'),
    isZkCli: values.has('zkCli'),
    wantsHelp: values.has('help'),
    wantsVersion: values.has('version'),
    scripts: values.get('command') ?? [],
    file: last('file'),
    command,
  };
}
