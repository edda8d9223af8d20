import { ExitCode } from '../cli/exit-codes.js';
import type { CliIo } from '../cli/io.js';
import { Connection, type Servers } from './connection.js';
import { LineHistory } from './line-history.js';
import type { Output } from './output.js';
import { type ShellEvent, ShellWatches } from './watches.js';

export interface ShellOptions {
  readonly io: CliIo;
  readonly servers: Servers;
  readonly out: Output;
  /** Prints and exits as zkCli.sh, with what that prints about the connection, and with its three exit codes. */
  readonly isZkCli: boolean;
  /** Whether changes of the connection are told. */
  readonly tellsState: boolean;
  /** Milliseconds to wait for a connection. */
  readonly connectTimeoutMs: number;
}

/** What commands work with and leave behind for the next one: a connection, watches, a history, settings. */
export class Shell {
  readonly io: CliIo;
  readonly out: Output;
  readonly connection: Connection;
  readonly watches: ShellWatches;
  readonly history = new LineHistory();
  readonly options: ShellOptions;
  printsWatches = true;
  /** Set by `quit`. */
  isDone = false;
  /** Of the last command. */
  exitCode: number = ExitCode.ok;
  /** Where events are written; an interactive shell writes them around its prompt. */
  announce: (text: string) => void;

  constructor(options: ShellOptions) {
    this.options = options;
    this.io = options.io;
    this.out = options.out;
    this.announce = (text) => this.out.raw(text);
    this.watches = new ShellWatches((event) => this.tellEvent(event));
    this.connection = new Connection(options.io, options.servers, (state) => this.tellState(state));
  }

  async close(): Promise<void> {
    this.watches.clear();
    await this.connection.close();
  }

  /** Prints what a watch saw, unless that is turned off. */
  tellEvent({ type, path, zxid }: ShellEvent): void {
    if (!this.printsWatches) return;
    if (this.out.isJson) {
      this.announce(
        `${JSON.stringify({ event: { type, path, zxid: zxid === -1n ? null : `0x${zxid.toString(16)}` } })}\n`,
      );
    } else {
      this.announce(watcherText(`WatchedEvent state:SyncConnected type:${type} path:${path} zxid: ${zxid}`));
    }
  }

  private tellState(state: string): void {
    if (!this.options.tellsState || !this.printsWatches || this.out.isJson) return;
    this.announce(watcherText(`WatchedEvent state:${state} type:None path:null zxid: -1`));
  }
}

function watcherText(event: string): string {
  return `\nWATCHER::\n\n${event}\n`;
}
