/** Shows the status until it is told to quit: a table in its place on a terminal, else a line for each change. */
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import type { Cluster } from './cluster.js';
import { COMMAND_HINT, commandHelp, parseCommand } from './commands.js';
import type { ServerStatus } from './status.js';
import { line, plain, signature, table } from './view.js';

const REFRESH_MS = 500;

/** Where status and messages go. */
interface Display {
  show(all: readonly ServerStatus[]): void;
  say(message: string): void;
}

/** Runs until Ctrl-C, `q`, or a signal; the cluster runs on. */
export async function live(cluster: Cluster, servers: number, isJson: boolean): Promise<void> {
  const isTerminal = process.stdout.isTTY === true && process.stdin.isTTY === true && !isJson;
  const input = createInterface({
    input: process.stdin,
    ...(isTerminal ? { output: process.stdout, prompt: `${COMMAND_HINT} > ` } : {}),
  });
  const display = isTerminal ? new Screen(input) : new Lines(isJson);
  let quit: () => void = () => undefined;
  const isOver = new Promise<void>((resolve) => (quit = resolve));
  const timer = follow(cluster, display);
  input.on('line', (text) => void obey(cluster, servers, text, display, quit));
  input.on('SIGINT', quit);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Whatever this tool started is stopped in order, instead of being killed with it.
    process.removeAllListeners(signal).on(signal, quit);
  }
  await isOver;
  timer.stop();
  input.close();
  if (isTerminal) process.stdout.write('\n');
}

async function obey(
  cluster: Cluster,
  servers: number,
  text: string,
  display: Display,
  quit: () => void,
): Promise<void> {
  const command = parseCommand(text, servers);
  if (command.action === 'quit') return quit();
  if (command.action === 'help') return display.say(commandHelp());
  if (command.action === 'unknown') return display.say(command.why);
  display.say(`${command.action} ${command.id}`);
  await cluster.perform(command);
}

/** Asks and shows, again and again, each time a while after the last one has ended. */
function follow(cluster: Cluster, display: Display): { stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const refresh = async (): Promise<void> => {
    const all = await cluster.status();
    if (isStopped) return;
    display.show(all);
    timer = setTimeout(refresh, REFRESH_MS);
  };
  void refresh();
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** The table stays where it is, with the last message and what is being typed below it. */
class Screen implements Display {
  private shownLines = 0;
  private message = '';

  constructor(private readonly input: Interface) {
    // The line that was typed leaves the cursor one line further down.
    input.on('line', () => this.shownLines++);
  }

  show(all: readonly ServerStatus[]): void {
    const width = process.stdout.columns;
    // A line that wrapped would count as one and take two.
    const lines = ['', ...`${table(all)}\n\n${this.message}`.trimEnd().split('\n')].map((text) => text.slice(0, width));
    cursorTo(process.stdout, 0);
    moveCursor(process.stdout, 0, -this.shownLines);
    clearScreenDown(process.stdout);
    process.stdout.write(`${lines.join('\n')}\n\n`);
    this.shownLines = lines.length + 1;
    this.input.prompt(true);
  }

  say(message: string): void {
    this.message = message;
  }
}

/** One line, or one JSON object, when something other than a counter has changed. */
class Lines implements Display {
  private shown: readonly string[] = [];

  constructor(private readonly isJson: boolean) {}

  show(all: readonly ServerStatus[]): void {
    const signatures = all.map(signature);
    const changed = all.filter((_, i) => signatures[i] !== this.shown[i]);
    this.shown = signatures;
    if (changed.length === 0) return;
    const text = this.isJson
      ? JSON.stringify(plain(all))
      : changed.map((server) => `${clock()} ${line(server)}`).join('\n');
    process.stdout.write(`${text}\n`);
  }

  say(message: string): void {
    process.stderr.write(`${message}\n`);
  }
}

function clock(): string {
  return new Date().toISOString().slice(11, 23);
}
