import type { PeerInfo } from '@zk/contracts';
import type { Inspection } from '@zk/server';
import type { Json } from '../json.js';

export type Fields = { readonly [key: string]: Json };

/** One request of a command. */
export interface Call {
  readonly inspection: Inspection;
  /** Of keys that are given several times the first counts. */
  readonly query: URLSearchParams;
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  readonly peer: PeerInfo;
  /** undefined: the request has none. */
  readonly body: AsyncIterable<Uint8Array> | undefined;
}

export interface CommandAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What was asked for; a field `error` of its own takes the place of the last one. */
  readonly fields?: Fields;
  readonly error?: string;
  /** Bytes instead of JSON. Each piece is valid until the next is asked for. */
  readonly stream?: AsyncIterable<Uint8Array>;
}

/** One command (spec: operations, section 8). */
export interface Command {
  /** The first is the one that answers show. */
  readonly names: readonly [primary: string, ...aliases: string[]];
  /** Default GET. */
  readonly method?: 'GET' | 'POST';
  /** Whether it answers while the server serves nobody. */
  readonly isAlwaysAnswered?: boolean;
  /** Whether whoever asks must prove every permission on the root znode. */
  readonly isPrivileged?: boolean;
  answer(call: Call): CommandAnswer | Promise<CommandAnswer>;
}

/** A command that has nothing to say but what it reads off the server. */
export function query(
  names: Command['names'],
  fields: (inspection: Inspection, call: Call) => Fields | Promise<Fields>,
): Command {
  return { names, answer: async (call) => ({ fields: await fields(call.inspection, call) }) };
}
