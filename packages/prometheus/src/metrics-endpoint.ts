import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { ZkServer } from '@zk/server';
import { Scrape } from './scrape.js';

export interface MetricsEndpointOptions {
  /** Default: all addresses. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  /** Whether metrics of the process are there too; default true. */
  readonly exportsProcess?: boolean;
}

/** Where an endpoint listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const PATH = '/metrics';
/** Scrapers are few; whoever holds a connection without asking loses it. */
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 10_000;

/** `/metrics` over HTTP, for Prometheus to scrape (spec: operations, section 9.1). */
export class MetricsEndpoint {
  private readonly scrape: Scrape;
  private readonly http: Server;

  constructor(
    server: Pick<ZkServer, 'inspect'>,
    private readonly options: MetricsEndpointOptions,
  ) {
    this.scrape = new Scrape(server, { exportsProcess: options.exportsProcess ?? true });
    this.http = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1_000 });
    this.http.maxConnections = MAX_CONNECTIONS;
    this.http.on('request', (request, response) => void this.answer(request, response));
  }

  /** @throws Error with `code` when the address cannot be bound */
  async start(): Promise<Endpoint> {
    const { host, port } = this.options;
    this.http.listen({ port, ...(host === undefined ? {} : { host }) });
    await once(this.http, 'listening');
    const address = this.http.address();
    if (address === null || typeof address === 'string') throw new Error('the endpoint has no port');
    return { host: address.address, port: address.port };
  }

  /** Ends every connection. Idempotent. */
  async stop(): Promise<void> {
    if (!this.http.listening) return;
    const closed = once(this.http, 'close');
    this.http.close();
    this.http.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const refusal = refusalOf(request);
    if (refusal !== undefined) {
      response.writeHead(refusal, { 'content-type': 'text/plain; charset=utf-8' }).end();
      return;
    }
    try {
      const text = await this.scrape.text(namesOf(request));
      response.writeHead(200, { 'content-type': this.scrape.contentType, 'content-length': Buffer.byteLength(text) });
      response.end(request.method === 'HEAD' ? undefined : text);
    } catch (error) {
      // Whoever scrapes is told; the server itself is none the worse for it.
      response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end(`${String(error)}\n`);
    }
  }
}

/** The status for a request that asks for something else. */
function refusalOf({ method, url }: IncomingMessage): number | undefined {
  if (url?.split('?', 1)[0] !== PATH) return 404;
  return method === 'GET' || method === 'HEAD' || method === 'POST' ? undefined : 405;
}

/** Those of `?name[]=…`. */
function namesOf({ url = '' }: IncomingMessage): ReadonlySet<string> {
  const start = url.indexOf('?');
  return new Set(start < 0 ? [] : new URLSearchParams(url.slice(start)).getAll('name[]'));
}
