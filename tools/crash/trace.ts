/**
 * Reads the output of `strace -f -yy -xx -ttt`. With one client that waits for each answer, every reply must find the log
 * clean: each write to a log file before it has been covered by a sync that began after the write had returned.
 */

export interface TraceVerdict {
  readonly replies: number;
  readonly logWrites: number;
  readonly syncs: number;
  readonly unsynced: readonly string[];
}

interface Call {
  readonly name: string;
  /** File or socket behind the descriptor. */
  readonly target: string;
  readonly isPadding: boolean;
}

const LOG_FILE = /\/log\.[0-9a-f]+$/;

export function judgeTrace(trace: string, port: number): TraceVerdict {
  const pending = new Map<string, Call>();
  const coveredBySync = new Map<string, number>();
  const unsynced: string[] = [];
  let written = 0;
  let synced = 0;
  let replies = 0;
  let logWrites = 0;
  let syncs = 0;

  const entered = (thread: string, call: Call, line: string): void => {
    if (isSync(call)) coveredBySync.set(thread, written);
    else if (isReply(call, port)) {
      replies++;
      if (synced < written) unsynced.push(`reply while ${written - synced} log writes were not synced: ${line}`);
    }
  };
  const returned = (thread: string, call: Call, hasFailed: boolean): void => {
    if (hasFailed) return;
    if (isSync(call)) {
      syncs++;
      synced = Math.max(synced, coveredBySync.get(thread) ?? 0);
    } else if (isLogWrite(call)) {
      written++;
      logWrites++;
    }
  };

  for (const line of trace.split('\n')) {
    const match = /^(\d+)\s+[\d.]+ (.*)$/.exec(line);
    if (match === null) continue;
    const [, thread = '', event = ''] = match;
    const resumed = /^<\.\.\. \w+ resumed>.* = (-?\d+)/.exec(event);
    if (resumed !== null) {
      const call = pending.get(thread);
      pending.delete(thread);
      if (call !== undefined) returned(thread, call, Number(resumed[1]) < 0);
      continue;
    }
    const call = parseCall(event);
    if (call === undefined) continue;
    entered(thread, call, event.slice(0, 120));
    if (event.includes('<unfinished ...>')) pending.set(thread, call);
    else returned(thread, call, / = -1 /.test(event));
  }
  return { replies, logWrites, syncs, unsynced };
}

function parseCall(event: string): Call | undefined {
  const match = /^(\w+)\(\d+<((?:->|[^>])*)>(?:, "((?:\\x[0-9a-f]{2})*)")?/.exec(event);
  if (match === null) return undefined;
  const [, name = '', target = '', bytes = ''] = match;
  // Zero-filling ahead of the position is not a transaction: an entry begins with a checksum that is not zero.
  return { name, target: decode(target), isPadding: bytes !== '' && /^(\\x00)+$/.test(bytes) };
}

/** With -xx strace prints paths in hex as well. */
function decode(target: string): string {
  return target.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

function isSync(call: Call): boolean {
  return (call.name === 'fdatasync' || call.name === 'fsync') && LOG_FILE.test(call.target);
}

function isLogWrite(call: Call): boolean {
  return call.name.includes('write') && LOG_FILE.test(call.target) && !call.isPadding;
}

function isReply(call: Call, port: number): boolean {
  return call.target.includes(`:${port}->`) && (call.name.includes('write') || call.name.startsWith('send'));
}
