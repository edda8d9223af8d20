import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import type { ClientOptions } from '@zk/client';
import type { TlsMaterial, TlsTransportOptions } from '@zk/transport-tls';
import { CommandError, ExitCode, UsageError } from './exit-codes.js';
import type { LaunchOptions } from './launch-options.js';

type Properties = ReadonlyMap<string, string>;

/** Options of the client, from flags, environment, and a file of the Java client's properties; flags come first. */
export async function clientOptionsOf(
  launch: LaunchOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ClientOptions> {
  const properties = await readProperties(launch.clientConfiguration);
  const sasl = saslOf(launch.sasl, environment);
  const isSecure = launch.isSecure || properties.get('zookeeper.client.secure') === 'true';
  return {
    sessionTimeout: launch.timeoutMs,
    requestTimeout: launch.timeoutMs,
    readOnly: launch.isReadOnly,
    auth: launch.auth.map(authOf),
    ...(sasl === undefined ? {} : { sasl }),
    ...(isSecure ? await tlsOf(launch, properties) : {}),
  };
}

function authOf(text: string): { readonly scheme: string; readonly auth: string } {
  const at = text.indexOf(':');
  if (at <= 0) throw new UsageError(`-auth needs scheme:auth, as in digest:user:password, not "${text}"`);
  return { scheme: text.slice(0, at), auth: text.slice(at + 1) };
}

function saslOf(
  text: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly username: string; readonly password: string } | undefined {
  if (text === undefined) return undefined;
  const at = text.indexOf(':');
  const username = at === -1 ? text : text.slice(0, at);
  const password = at === -1 ? environment['ZK_SASL_PASSWORD'] : text.slice(at + 1);
  if (username === '' || password === undefined) {
    throw new UsageError('-sasl needs user:password, or user and ZK_SASL_PASSWORD in the environment');
  }
  return { username, password };
}

async function tlsOf(launch: LaunchOptions, properties: Properties): Promise<ClientOptions> {
  const { TlsTransport } = await import('@zk/transport-tls');
  const identity = identityOf(launch, properties);
  const trust = trustOf(launch, properties);
  const protocols = listOf(
    properties.get('zookeeper.ssl.enabledProtocols') ?? properties.get('zookeeper.ssl.protocol'),
  );
  const cipherSuites = listOf(properties.get('zookeeper.ssl.ciphersuites'));
  const options: TlsTransportOptions = {
    ...(identity === undefined ? {} : { identity }),
    ...(trust === undefined ? {} : { trust }),
    ...(protocols === undefined ? {} : { protocols }),
    ...(cipherSuites === undefined ? {} : { cipherSuites }),
    ...(properties.get('zookeeper.ssl.hostnameVerification') === 'false' ? { verifiesServerName: false } : {}),
  };
  return {
    transport: new TlsTransport(options),
    resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  };
}

function identityOf({ tls }: LaunchOptions, properties: Properties): TlsMaterial | undefined {
  if (tls.cert !== undefined) return { file: tls.cert, ...(tls.key === undefined ? {} : { keyFile: tls.key }) };
  return storeOf(properties, 'keyStore');
}

function trustOf({ tls }: LaunchOptions, properties: Properties): TlsMaterial | undefined {
  return tls.ca === undefined ? storeOf(properties, 'trustStore') : { file: tls.ca };
}

function storeOf(properties: Properties, store: 'keyStore' | 'trustStore'): TlsMaterial | undefined {
  const file = properties.get(`zookeeper.ssl.${store}.location`);
  if (file === undefined) return undefined;
  const password = properties.get(`zookeeper.ssl.${store}.password`);
  const passwordFile = properties.get(`zookeeper.ssl.${store}.passwordPath`);
  const type = properties.get(`zookeeper.ssl.${store}.type`)?.toUpperCase();
  const isKnown = type === 'PEM' || type === 'PKCS12' || type === 'JKS';
  return {
    file,
    ...(password === undefined ? {} : { password }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(isKnown ? { type } : {}),
  };
}

function listOf(text: string | undefined): readonly string[] | undefined {
  const items = text?.split(',').map((item) => item.trim());
  return items === undefined || items.length === 0 ? undefined : items;
}

async function readProperties(file: string | undefined): Promise<Properties> {
  if (file === undefined) return new Map();
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${(error as Error).message}`, ExitCode.usage, { cause: error });
  }
  return parseProperties(text);
}

/** Lines `key=value`, `key: value`; what begins with `#` or `!` is a comment; a backslash at the end joins lines. */
export function parseProperties(text: string): Properties {
  const properties = new Map<string, string>();
  for (const line of text.replace(/\\\r?\n\s*/g, '').split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^\s=:]*)\s*[=:]?\s*(.*?)\s*$/.exec(line);
    if (match !== null) properties.set(match[1] as string, match[2] as string);
  }
  return properties;
}
