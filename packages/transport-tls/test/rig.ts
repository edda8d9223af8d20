import { Ear } from '@zk/compliance';
import type { DialOptions, Listener, Logger } from '@zk/contracts';
import { silentLogger } from '@zk/contracts';
import type { TlsTransportOptions } from '@zk/transport-tls';
import { TlsTransport } from '@zk/transport-tls';
import type net from 'node:net';
import type { Issued } from './certificates.js';
import { issue } from './certificates.js';

const DAY_MS = 86_400_000;
export const authority = issue({ commonName: 'authority', isAuthority: true });
export const stranger = issue({ commonName: 'stranger', isAuthority: true });
export const server = issue({ commonName: 'server', names: ['localhost', '127.0.0.1'], issuer: authority });
export const client = issue({ commonName: 'client', names: ['client.example'], issuer: authority });
export const expired = issue({
  commonName: 'expired',
  names: ['127.0.0.1'],
  issuer: authority,
  notBefore: new Date(Date.now() - 9 * DAY_MS),
  notAfter: new Date(Date.now() - 2 * DAY_MS),
});
export const elsewhere = issue({ commonName: 'elsewhere', names: ['zoo.example'], issuer: authority });
export const foreign = issue({ commonName: 'foreign', names: ['127.0.0.1'], issuer: stranger });

export const trust = { pem: authority.cert };
export const identityOf = ({ pem }: Issued): { pem: string } => ({ pem });

export const warnings: string[] = [];
let onWarning: (() => void) | undefined;
const logger: Logger = {
  ...silentLogger,
  warn: (_fields, text) => {
    warnings.push(text);
    onWarning?.();
  },
  error: (_fields, text) => void warnings.push(text),
};
export let listeners: Listener[] = [];
export let ears: Ear[] = [];
/** Closed at the end of the test. */
export let sockets: net.Socket[] = [];
let awaiting: ((ear: Ear) => void) | undefined;

/** Listens on a free port. @returns the port */
export const listen = async (options: TlsTransportOptions): Promise<number> => {
  const transport = new TlsTransport({ trust, identity: identityOf(server), logger, ...options });
  const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    const ear = new Ear(connection);
    ears.push(ear);
    awaiting?.(ear);
    return ear;
  });
  listeners.push(listener);
  return listener.port;
};
/** The end of the next connection that is accepted. */
export const nextEar = (): Promise<Ear> => new Promise((resolve) => (awaiting = resolve));
export const dial = async (
  port: number,
  options: TlsTransportOptions,
  how: Partial<DialOptions> = {},
): Promise<Ear> => {
  const transport = new TlsTransport({ trust, logger, ...options });
  let ear: Ear | undefined;
  await transport.dial({ host: '127.0.0.1', port, ...how }, (connection) => {
    ear = new Ear(connection);
    ears.push(ear);
    return ear;
  });
  return ear!;
};
/** Something of that kind stands in the log. */
export const warned = async (pattern: RegExp): Promise<void> => {
  while (!warnings.some((text) => pattern.test(text))) await new Promise<void>((resolve) => (onWarning = resolve));
};

/** To be called once by a test file. */
export function useTlsRig(): void {
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    const [heard, opened] = [ears, listeners];
    [listeners, ears, sockets, awaiting, onWarning] = [[], [], [], undefined, undefined];
    warnings.length = 0;
    for (const { connection } of heard) connection.destroy();
    await Promise.all(heard.map(({ closed }) => closed));
    await Promise.all(opened.map((listener) => listener.close()));
  });
}
