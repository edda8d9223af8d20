import type { Clock, Storage } from '@zk/contracts';
import { readInt32, utf8Bytes } from '@zk/jute';
import type { ClientConnection, WordResult } from '../client-connection.js';
import type { EnsembleView } from '../ensemble-view.js';
import type { InspectedServer, Inspection } from '../inspection.js';
import type { ServerOptions } from '../options.js';
import { confReport, dirsReport, enviReport } from './environment.js';
import { hashReport, mntrReport } from './monitor.js';
import { consReport, dumpReport, srvrReport, statReport } from './reports.js';
import { wchcReport, wchpReport, wchsReport } from './watch-reports.js';

/** What is said of a server that serves nobody. */
export const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';

interface Word {
  /** Whether it answers while the server does not serve. */
  readonly always?: boolean;
  readonly notServing?: string;
  answer(context: Inspection): string | Promise<string>;
}

const words: Readonly<Record<string, Word>> = {
  ruok: { always: true, answer: () => 'imok' },
  srvr: { answer: srvrReport },
  stat: { answer: statReport },
  mntr: { answer: mntrReport },
  conf: { answer: confReport },
  cons: { answer: consReport },
  dump: { answer: dumpReport },
  envi: { always: true, answer: enviReport },
  dirs: { answer: dirsReport },
  wchs: { answer: wchsReport },
  wchc: { answer: wchcReport },
  wchp: { answer: wchpReport },
  isro: { notServing: 'null', answer: ({ view }) => (view?.mode === 'read-only' ? 'ro' : 'rw') },
  hash: { notServing: NOT_SERVING, answer: hashReport },
  crst: {
    answer: (inspection) => {
      resetConnections(inspection);
      return 'Connection stats reset.\n';
    },
  },
  srst: {
    answer: (inspection) => {
      resetStatistics(inspection);
      return 'Server stats reset.\n';
    },
  },
  gtmk: { always: true, answer: ({ server }) => String(server.traceMask) },
};

/** What Apache ZooKeeper calls a telnet client's interrupt: refused like a word that is not enabled. */
const TELNET_INTERRUPT = 'telnet close';

const byNumber = new Map<number, string>([[0xfff4_fffd | 0, TELNET_INTERRUPT]]);
for (const word of [...Object.keys(words), 'stmk']) byNumber.set(readInt32(utf8Bytes(word), 0), word);

/** Commands of four letters at the very start of a connection; answered in plain text (spec: operations, section 7). */
export class FourLetterWords {
  private readonly context: Omit<Inspection, 'view'>;
  private readonly enabled: ReadonlySet<string>;

  /** @param viewOf the server's part in an ensemble, as it is now */
  constructor(
    server: InspectedServer,
    storage: Storage,
    options: ServerOptions,
    clock: Clock,
    private readonly viewOf: () => EnsembleView | undefined = () => undefined,
  ) {
    this.context = { server, storage, options, clock };
    this.enabled = new Set([...options.fourLetterWords, 'srvr']);
  }

  /** Looks whether these first bytes of a connection are a command; if so it is answered and the connection is closed. */
  handle(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): WordResult {
    const word = byNumber.get(readInt32(bytes, start));
    if (word === undefined) return 'none';
    const isEnabled = this.enabled.has('*') || this.enabled.has(word);
    if (word === TELNET_INTERRUPT && isEnabled) return 'none';
    if (word === 'stmk' && isEnabled && end - start < 12) return 'incomplete';
    // A word counts as a packet, as in Apache ZooKeeper; it counts before it is answered, so `srvr` sees itself.
    this.context.server.stats.received++;
    connection.client.received++;
    const argument = bytes.slice(start + 4, start + 12);
    connection.answerInPlainText(async () =>
      utf8Bytes(
        isEnabled ? await this.answer(word, argument) : `${word} is not executed because it is not in the whitelist.\n`,
      ),
    );
    return 'answered';
  }

  private async answer(word: string, argument: Uint8Array): Promise<string> {
    if (word === 'stmk') return this.setTraceMask(argument);
    const { always = false, notServing = `${NOT_SERVING}\n`, answer } = words[word]!;
    if (!always && !this.context.server.isServing) return notServing;
    return answer(this.inspect());
  }

  /** The mask is kept and has no effect: there is no such tracing here. */
  private setTraceMask(argument: Uint8Array): string {
    const { server } = this.context;
    server.traceMask = new DataView(argument.buffer, argument.byteOffset, 8).getBigInt64(0);
    return String(server.traceMask);
  }

  /** The server as it is now. */
  inspect(): Inspection {
    return { ...this.context, view: this.viewOf() };
  }
}

/** Counts of connections begin anew. */
export function resetConnections({ server }: Inspection): void {
  for (const { client } of server.connections) server.stats.resetConnection(client);
}

/** Counts of the server, and of its part in its ensemble, begin anew. */
export function resetStatistics({ server, view }: Inspection): void {
  server.stats.reset();
  view?.stats.reset();
}
