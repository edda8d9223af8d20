/** The commands of the admin server, and how a pair of servers is asked. */
import { request } from 'node:http';

/** Every command, by first name and aliases. */
export const COMMANDS: readonly (readonly string[])[] = [
  ['configuration', 'conf', 'config'],
  ['connection_stat_reset', 'crst'],
  ['connections', 'cons'],
  ['dirs'],
  ['dump'],
  ['environment', 'env', 'envi'],
  ['get_trace_mask', 'gtmk'],
  ['set_trace_mask', 'stmk'],
  ['hash'],
  ['is_read_only', 'isro'],
  ['last_snapshot', 'lsnp'],
  ['leader', 'lead'],
  ['observer_connection_stat_reset', 'orst'],
  ['observers', 'obsr'],
  ['ruok'],
  ['server_stats', 'srvr'],
  ['stats', 'stat'],
  ['stat_reset', 'srst'],
  ['voting_view'],
  ['watches', 'wchc'],
  ['watches_by_path', 'wchp'],
  ['watch_summary', 'wchs'],
  ['zabstate'],
];

/** Their key sets depend on the virtual machine and on what it measures: looked at one by one. */
export const OPEN_COMMANDS: readonly (readonly string[])[] = [
  ['monitor', 'mntr'],
  ['system_properties', 'sysp'],
];

/** Requests whose answers are the same to the last byte: method, path below the commands, `Authorization`. */
export const SAME_ANSWERS: readonly (readonly [method: string, path: string, authorization?: string])[] = [
  ['GET', ''],
  ['GET', 'stmk'],
  ['GET', 'stmk?traceMask=x'],
  ['GET', 'stmk?traceMask=-5'],
  ['GET', 'gtmk'],
  ['GET', 'stmk?traceMask=306&traceMask=7'],
  ['GET', 'stmk?traceMask=9223372036854775808'],
  ['GET', 'wchs'],
  ['GET', 'isro'],
  ['GET', 'nonsense'],
  ['GET', 'ruok/'],
  ['GET', 'RUOK'],
  ['GET', '%3Cb%3E'],
  ['GET', 'a%22b'],
  ['POST', 'nonsense'],
  ['HEAD', 'ruok'],
  ['GET', 'snapshot'],
  ['POST', 'restore'],
  ['GET', 'snapshot', 'digest'],
  ['GET', 'snapshot', 'nope x'],
  ['GET', 'ruok', 'nope x'],
];

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

export interface Asked {
  readonly port: number;
  readonly path: string;
  readonly method?: string;
  readonly authorization?: string | undefined;
  readonly body?: Uint8Array;
}

/** @param path below the commands */
export function ask({ port, path, method = 'GET', authorization, body }: Asked): Promise<HttpAnswer> {
  const headers = {
    ...(authorization === undefined ? {} : { authorization }),
    ...(body === undefined ? {} : { 'content-type': 'application/octet-stream', 'content-length': body.length }),
  };
  return new Promise((resolve, reject) => {
    const url = `/commands${path === '' ? '' : `/${path}`}`;
    const sent = request({ host: '127.0.0.1', port, path: url, method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, type: received['content-type'] ?? '', headers: received, body: Buffer.concat(pieces) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export async function textOf(port: number, path: string): Promise<string> {
  return (await ask({ port, path })).body.toString('utf8');
}
