import { ExitCode, UsageError } from '../cli/exit-codes.js';
import type { ServerAddress } from '../cli/io.js';
import { parseConnectionString } from '@zk/client';
import { closest } from '../shell/suggest.js';
import { alignLeft } from '../format/table.js';
import type { Call, Command } from './command.js';

const WORDS = [
  'conf',
  'cons',
  'crst',
  'dirs',
  'dump',
  'envi',
  'hash',
  'isro',
  'mntr',
  'ruok',
  'srst',
  'srvr',
  'stat',
  'wchc',
  'wchp',
  'wchs',
  'lead',
  'icfg',
  'gtmk',
] as const;
const DEFAULT_TIMEOUT_MS = 5000;

interface Answer {
  readonly server: ServerAddress;
  readonly text: string | undefined;
  readonly error: Error | undefined;
}

const status: Command = {
  name: 'status',
  usage: '[servers]',
  summary: 'print mode, version, load and latency of every server of the connection string',
  details:
    'Asks with the four-letter word srvr, which servers answer by default. Exit code 3 when one does not answer.',
  options: [{ letter: 't', name: 'timeout', value: 'ms', summary: 'time for each server; default 5000' }],
  args: { min: 0, max: 1 },
  completes: 'none',
  isOffline: true,
  async run(call) {
    const answers = await askAll(call, 'srvr', call.args[0]);
    const rows = answers.map((answer) => ({ name: nameOf(answer.server), ...readSrvr(answer) }));
    if (call.out.isJson) for (const row of rows) call.out.emit(row, '');
    else {
      const lines = rows.map((row) =>
        'error' in row
          ? [row.name, call.out.paint('red', 'no answer'), row.error]
          : [
              row.name,
              call.out.paint('green', row.mode),
              row.version,
              row.zxid,
              row.znodes,
              row.connections,
              row.outstanding,
              row.latency,
            ],
      );
      const head = ['server', 'mode', 'version', 'zxid', 'znodes', 'connections', 'outstanding', 'latency min/avg/max'];
      call.out.print(alignLeft([head, ...lines]));
    }
    return answers.some(({ error }) => error !== undefined) ? ExitCode.connection : ExitCode.ok;
  },
};

const fourLetterWord: Command = {
  name: '4lw',
  usage: 'word [servers]',
  summary: 'send a four-letter word to every server of the connection string',
  details: `Known words: ${WORDS.join(' ')}. Which of them a server answers is its setting 4lw.commands.whitelist.`,
  options: [{ letter: 't', name: 'timeout', value: 'ms', summary: 'time for each server; default 5000' }],
  args: { min: 1, max: 2 },
  completes: 'none',
  isOffline: true,
  async run(call) {
    const word = call.args[0] as string;
    if (!/^[a-z]{4}$/.test(word)) {
      const hint = closest(word, WORDS);
      throw new UsageError(`"${word}" is no four-letter word${hint === undefined ? '' : `. Did you mean ${hint}?`}`);
    }
    const answers = await askAll(call, word, call.args[1]);
    for (const { server, text, error } of answers) {
      const title = answers.length > 1 ? `${call.out.paint('bold', nameOf(server))}:\n` : '';
      call.out.emit(
        { server: nameOf(server), ...(text === undefined ? { error: error?.message ?? '' } : { answer: text }) },
        () => `${title}${text?.trimEnd() ?? call.out.paint('red', `no answer: ${error?.message ?? ''}`)}`,
      );
    }
    return answers.some(({ error }) => error !== undefined) ? ExitCode.connection : ExitCode.ok;
  },
};

async function askAll(call: Call, word: string, servers: string | undefined): Promise<readonly Answer[]> {
  const timeoutMs = call.integer('timeout', { min: 1 }) ?? DEFAULT_TIMEOUT_MS;
  return Promise.all(
    addressesOf(servers ?? call.shell.connection.host).map(async (server): Promise<Answer> => {
      try {
        return { server, text: await call.shell.io.ask(word, server, timeoutMs), error: undefined };
      } catch (error) {
        return { server, text: undefined, error: error as Error };
      }
    }),
  );
}

function addressesOf(servers: string): readonly ServerAddress[] {
  try {
    return parseConnectionString(servers).servers;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function nameOf({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

type Srvr =
  | { readonly error: string }
  | {
      readonly mode: string;
      readonly version: string;
      readonly zxid: string;
      readonly znodes: string;
      readonly connections: string;
      readonly outstanding: string;
      readonly latency: string;
    };

function readSrvr({ text, error }: Answer): Srvr {
  if (text === undefined) return { error: error?.message ?? '' };
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';
  const mode = field('Mode');
  if (mode === '') return { error: text.trim().split('\n')[0] ?? 'an empty answer' };
  return {
    mode,
    version: field('Zookeeper version').replace(/[-,].*$/, ''),
    zxid: field('Zxid'),
    znodes: field('Node count'),
    connections: field('Connections'),
    outstanding: field('Outstanding'),
    latency: field('Latency min/avg/max'),
  };
}

export const serverCommands: readonly Command[] = [status, fourLetterWord];
