/** What one can type while the ensemble runs: a letter or a word, and the number of a server. */

const ACTIONS = {
  kill: 'SIGKILL',
  start: 'start it, or let it go on after a pause',
  pause: 'SIGSTOP',
  terminate: 'SIGTERM, an orderly stop',
  wipe: 'kill it and lose its disk',
  exchange: 'stop it, and start the other implementation on its files',
} as const;

export type Action = keyof typeof ACTIONS;

export interface Order {
  readonly action: Action;
  readonly id: number;
}

export type Command =
  | Order
  | { readonly action: 'quit' }
  | { readonly action: 'help' }
  | { readonly action: 'unknown'; readonly why: string };

/** Reads a line such as `k 2`, `kill 2` or `q`; an empty one is help. */
export function parseCommand(text: string, servers: number): Command {
  const [, word = '', digits] = /^\s*([a-z?]*)\s*(\S*)\s*$/.exec(text.toLowerCase()) ?? [];
  if (word === '' || word === '?') return text.trim() === '' || word === '?' ? { action: 'help' } : notUnderstood(text);
  if ('quit'.startsWith(word)) return { action: 'quit' };
  if ('help'.startsWith(word)) return { action: 'help' };
  const action = (Object.keys(ACTIONS) as Action[]).find((name) => name.startsWith(word));
  if (action === undefined) return notUnderstood(text);
  const id = Number(digits === '' ? Number.NaN : digits);
  if (!Number.isInteger(id) || id < 1 || id > servers) {
    return { action: 'unknown', why: `${action} which server? 1 to ${servers}` };
  }
  return { action, id };
}

function notUnderstood(text: string): Command {
  return { action: 'unknown', why: `"${text.trim()}" is no command` };
}

/** One line for each command. */
export function commandHelp(): string {
  const lines = Object.entries(ACTIONS).map(([name, what]) => `  ${name.charAt(0)} <id>  ${name}: ${what}`);
  return [...lines, '  q       quit: stop all of them (as Ctrl-C)'].join('\n');
}

/** The short reminder beside the prompt. */
export const COMMAND_HINT = 'k(ill) s(tart) p(ause) t(erminate) w(ipe) e(xchange) <id>, q(uit)';
