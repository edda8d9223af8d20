import {
  type Meter,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  context,
  metrics,
  trace,
} from '@opentelemetry/api';
import { type ClientMetrics, REQUEST_CHANNEL, type RequestTrace } from '@zk/client';
import type { ZkClient } from '@zk/client-api';
import { tracingChannel } from 'node:diagnostics_channel';
import { Instruments } from './instruments.js';
import { pathTemplate } from './path-template.js';

export interface InstrumentOptions {
  /** Default: that of the registered provider. `false` makes no spans. */
  readonly tracer?: Tracer | false;
  /** Default: that of the registered provider. `false` measures nothing. */
  readonly meter?: Meter | false;
  /** What spans call a path; default {@link pathTemplate}. */
  readonly template?: (path: string) => string;
  /** Whether spans have the path itself too, as `zookeeper.path`; default false: it may hold names of people. */
  readonly recordsPath?: boolean;
  /** Names of errors that are everyday answers, such as `NONODE`; default none. They are recorded, and do not fail a span. */
  readonly expectedErrors?: readonly string[];
}

/** What is watched: a client, or its view below a path. */
export type Instrumented = ZkClient & { readonly metrics?: ClientMetrics };

export interface Instrumentation extends Disposable {
  /** No more spans and measurements. Idempotent. The client goes on. */
  stop(): void;
}

interface Running {
  readonly span: Span | undefined;
  readonly startMs: number;
}

const NAME = '@zk/opentelemetry';

/**
 * A span for each request of a client, from the call to its answer, waiting for a connection and second attempts
 * included; and measurements of requests and connection. A call that makes several requests (`update`, a create with
 * parents) has a span for each of them, all of the span that was active at the call.
 *
 * Names follow the semantic conventions for databases, `db.system.name` being `zookeeper`.
 */
export function instrument(client: Instrumented, options: InstrumentOptions = {}): Instrumentation {
  const { tracer = trace.getTracer(NAME), meter = metrics.getMeter(NAME) } = options;
  const spans = tracer === false ? undefined : new RequestSpans(tracer, options);
  const instruments = meter === false ? undefined : new Instruments(meter, client);
  const running = new WeakMap<RequestTrace, Running>();
  const owner = new Owner(client);
  const channel = tracingChannel<unknown, RequestTrace>(REQUEST_CHANNEL);

  const onStart = (message: unknown): void => {
    const request = message as RequestTrace;
    if (owner.mayOwn(request)) running.set(request, { span: spans?.start(request), startMs: now() });
  };
  const onEnd = (message: unknown): void => {
    const request = message as RequestTrace;
    const state = running.get(request);
    // A span that is not ended is as if it had not begun.
    if (state === undefined || !owner.owns(request)) return;
    running.delete(request);
    if (state.span !== undefined) spans?.end(state.span, request);
    instruments?.finished(request, now() - state.startMs);
  };
  const now = (): number => client.runtime.clock.monotonicMs();

  channel.start.subscribe(onStart);
  channel.asyncEnd.subscribe(onEnd);
  const stop = (): void => {
    channel.start.unsubscribe(onStart);
    channel.asyncEnd.unsubscribe(onEnd);
    owner.stop();
    instruments?.stop();
  };
  return { stop, [Symbol.dispose]: stop };
}

/**
 * The channel has the requests of every client in the process, told apart by their sessions. One that was made while
 * there was none could be anybody's, until it has been sent in one.
 */
class Owner {
  private readonly sessions = new Set<string>();
  private current: string | undefined;
  private readonly subscription: { unsubscribe(): void };

  constructor(client: ZkClient) {
    this.subscription = client.session$.subscribe((session) => {
      this.current = session === undefined ? undefined : hexOf(session.id);
      if (this.current !== undefined) this.sessions.add(this.current);
    });
  }

  mayOwn({ session }: RequestTrace): boolean {
    return session === undefined ? this.current === undefined : this.sessions.has(session);
  }

  owns({ session }: RequestTrace): boolean {
    return session === undefined || this.sessions.has(session);
  }

  stop(): void {
    this.subscription.unsubscribe();
  }
}

class RequestSpans {
  private readonly template: (path: string) => string;
  private readonly recordsPath: boolean;
  private readonly expectedErrors: ReadonlySet<string>;

  constructor(
    private readonly tracer: Tracer,
    options: InstrumentOptions,
  ) {
    this.template = options.template ?? pathTemplate;
    this.recordsPath = options.recordsPath ?? false;
    this.expectedErrors = new Set(options.expectedErrors);
  }

  start({ op, path, chroot }: RequestTrace): Span {
    const template = this.template(path);
    const attributes = {
      'db.system.name': 'zookeeper',
      'db.operation.name': op,
      'db.namespace': chroot === '' ? '/' : chroot,
      'db.query.summary': `${op} ${template}`,
      'zookeeper.path.template': template,
      ...(this.recordsPath ? { 'zookeeper.path': path } : {}),
    };
    return this.tracer.startSpan(`${op} ${template}`, { kind: SpanKind.CLIENT, attributes }, context.active());
  }

  end(span: Span, { session, xid, zxid, error }: RequestTrace): void {
    span.setAttribute('zookeeper.xid', xid);
    if (session !== undefined) span.setAttribute('zookeeper.session.id', session);
    if (zxid !== undefined) span.setAttribute('zookeeper.zxid', `0x${BigInt.asUintN(64, zxid).toString(16)}`);
    if (error !== undefined) this.fail(span, error);
    span.end();
  }

  private fail(span: Span, error: unknown): void {
    const { name, code, maybeApplied } = detailsOf(error);
    span.setAttribute('error.type', name);
    if (code !== undefined) span.setAttribute('db.response.status_code', String(code));
    if (maybeApplied !== undefined) span.setAttribute('zookeeper.maybe_applied', maybeApplied);
    if (this.expectedErrors.has(name)) return;
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
  }
}

function detailsOf(error: unknown): { name: string; code?: number | undefined; maybeApplied?: boolean | undefined } {
  if (!(error instanceof Error)) return { name: 'unknown' };
  const { name, code, maybeApplied } = error as Error & { readonly code?: unknown; readonly maybeApplied?: unknown };
  return {
    name,
    code: typeof code === 'number' ? code : undefined,
    maybeApplied: typeof maybeApplied === 'boolean' ? maybeApplied : undefined,
  };
}

function hexOf(id: bigint): string {
  return `0x${BigInt.asUintN(64, id).toString(16)}`;
}
