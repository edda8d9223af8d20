import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger, PeerInfo } from '@zk/contracts';
import { NOT_SERVING, type ZkServer } from '@zk/server';
import { refusalOf } from '../access/authorize.js';
import { type PeerOptions, peerOf } from '../access/peer-of.js';
import type { Call, Command, CommandAnswer, Fields } from '../commands/command.js';
import type { CommandTable } from '../commands/index.js';
import { type Check, healthText, livenessOf, readinessOf } from '../health.js';
import { prettyJson } from '../json.js';
import { type Answer, AnswerSender } from './answer.js';

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const ALLOWED = 'GET, HEAD, POST, OPTIONS';

export interface RouterOptions extends PeerOptions {
  /** Path of the commands, without a slash at the end. */
  readonly commandUrl: string;
}

interface Asked {
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly peer: PeerInfo;
}

/** Turns requests into answers. */
export class Router {
  private readonly sender = new AnswerSender();

  constructor(
    private readonly server: ZkServer,
    private readonly commands: CommandTable,
    private readonly options: RouterOptions,
    private readonly logger: Logger,
  ) {}

  /**
   * Never rejects.
   * @param certificateSubject of a client whose certificate was verified
   */
  async handle(request: IncomingMessage, response: ServerResponse, certificateSubject?: string): Promise<void> {
    try {
      const answer = await this.answer(request, peerOf(request, this.options, certificateSubject));
      // What is left of a body is not read: the connection ends with the answer.
      if (hasBody(request) && !request.complete) response.setHeader('Connection', 'close');
      await this.sender.send(response, answer);
    } catch (error) {
      this.logger.error({ err: error as Error, url: request.url }, 'a request to the admin server failed');
      if (response.headersSent) response.destroy();
      else await this.sender.send(response, text(500, 'internal error; the log says more\n'));
    }
  }

  private async answer(request: IncomingMessage, peer: PeerInfo): Promise<Answer> {
    const { commandUrl } = this.options;
    const { method = '' } = request;
    if (method === 'OPTIONS') return { ...text(200, ''), headers: { Allow: ALLOWED } };
    if (!ALLOWED.split(', ').includes(method)) return { ...text(405, ''), headers: { Allow: ALLOWED } };
    const target = targetOf(request.url ?? '');
    if (target === undefined) return text(400, 'the path cannot be read\n');
    const { path, query } = target;
    if (path === '/livez') return health(livenessOf(this.server), query);
    if (path === '/readyz') return health(readinessOf(this.server), query);
    if (path === commandUrl || path === `${commandUrl}/`) return text(200, this.index(), 'text/html');
    if (!path.startsWith(`${commandUrl}/`)) return text(404, `commands are below ${commandUrl}\n`);
    if (this.sender.isOverloaded) return text(503, 'too many answers wait for clients that read slowly\n');
    return this.command(path.slice(commandUrl.length + 1), { query, request, peer });
  }

  private index(): string {
    const { commandUrl } = this.options;
    return this.commands.names.map((name) => `<a href="${commandUrl}/${name}">${name}</a>\n<br/>\n`).join('');
  }

  private async command(name: string, asked: Asked): Promise<Answer> {
    const command = this.commands.find(name);
    if (command === undefined) return shown(name, { error: `Unknown command: ${name}` });
    const [primary] = command.names;
    if (this.server.state === 'failed' || !(command.isAlwaysAnswered === true || this.server.isServing)) {
      return shown(primary, { error: NOT_SERVING });
    }
    return shown(primary, await this.run(command, asked));
  }

  private async run(command: Command, { query, request, peer }: Asked): Promise<CommandAnswer> {
    const { method = 'GET', isPrivileged = false } = command;
    const { authorization } = request.headers;
    const refusal = isPrivileged ? refusalOf(this.server, authorization, peer) : undefined;
    if (refusal !== undefined) return refusal;
    if ((request.method === 'POST') !== (method === 'POST')) {
      return { status: 405, error: `${command.names[0]} is asked for with ${method}`, headers: { Allow: method } };
    }
    const call: Call = {
      inspection: this.server.inspect(),
      query,
      authorization,
      peer,
      body: hasBody(request) ? request : undefined,
    };
    return command.answer(call);
  }
}

function shown(command: string, { status = 200, headers = {}, fields = {}, error, stream }: CommandAnswer): Answer {
  if (stream !== undefined) return { status, contentType: 'application/octet-stream', headers, body: stream };
  const body: Fields = 'error' in fields ? { ...fields, command } : { ...fields, command, error: error ?? null };
  return { status, contentType: JSON_TYPE, headers, body: prettyJson(body) };
}

function health(checks: readonly Check[], query: URLSearchParams): Answer {
  const { status, text: body } = healthText(checks, query.has('why'));
  return text(status, body);
}

function text(status: number, body: string, contentType = TEXT_TYPE): Answer {
  return { status, contentType, body };
}

/** undefined: the escapes of the path make no text. */
function targetOf(url: string): { readonly path: string; readonly query: URLSearchParams } | undefined {
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  try {
    return { path: decodeURIComponent(path), query: new URLSearchParams(query) };
  } catch {
    return undefined;
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
