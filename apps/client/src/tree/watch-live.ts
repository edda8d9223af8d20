import type { WatchItem, WatchSubscription, ZkClient } from '@zk/client-api';
import { UsageError } from '../cli/exit-codes.js';
import type { Call } from '../commands/command.js';
import { dataJson, dataText, exactText, rawData } from '../format/data.js';
import type { Style } from '../shell/output.js';

const STYLES: Readonly<Record<WatchItem['type'], Style>> = {
  created: 'green',
  deleted: 'red',
  dataChanged: 'yellow',
  childrenChanged: 'cyan',
  reset: 'bold',
};

const MAX_SHOWN = 200;

/** Prints events until there were enough of them, the time is over, or the user interrupts. */
export async function watchLive(call: Call): Promise<void> {
  const limit = call.integer('count', { min: 1 }) ?? Infinity;
  const seconds = secondsOf(call);
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal]);
  const timer = seconds === undefined ? undefined : setTimeout(() => stop.abort(), seconds * 1000);
  let seen = 0;
  // One line after the other, also when the data of one has to be read first.
  let printing: Promise<void> = Promise.resolve();
  const onItem = (item: WatchItem): void => {
    if (seen >= limit || signal.aborted) return;
    if (item.type !== 'reset') seen++;
    const isLast = seen >= limit;
    const time = new Date(call.shell.io.now()).toISOString();
    printing = printing.then(async () => {
      await tell(call, item, time);
      if (isLast) stop.abort();
    });
  };
  const subscriptions: WatchSubscription[] = [];
  try {
    for (const path of call.paths('/')) {
      const stream = call.client.watch(path, { recursive: !call.has('single') });
      subscriptions.push(await stream.start(onItem, { signal }));
    }
    await aborted(signal);
    await printing;
  } finally {
    clearTimeout(timer);
    await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()));
  }
}

function secondsOf(call: Call): number | undefined {
  const text = call.value('time');
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= 2_000_000) return seconds;
  throw new UsageError(`-t needs a number of seconds, not "${text}"`);
}

async function tell(call: Call, item: WatchItem, time: string): Promise<void> {
  const { out } = call;
  if (item.type === 'reset') {
    const text = `${time} ${out.paint(STYLES.reset, 'reset')} events may be missing: ${item.reason}`;
    out.emit({ time, type: 'reset', reason: item.reason }, text);
    return;
  }
  const hasData = call.has('data') && (item.type === 'created' || item.type === 'dataChanged');
  const data = hasData ? await dataOf(call.client, item.path) : undefined;
  const zxid = item.zxid === -1n ? undefined : `0x${item.zxid.toString(16)}`;
  out.emit(
    { time, type: item.type, path: item.path, zxid: zxid ?? null, ...(data === undefined ? {} : dataJson(data)) },
    () => {
      const type = out.paint(STYLES[item.type], item.type.padEnd(15));
      return `${time} ${type} ${item.path}${zxid === undefined ? '' : ` zxid=${zxid}`}${shown(data)}`;
    },
  );
}

/** Undefined when the znode has gone, or may not be read. */
async function dataOf(client: ZkClient, path: string): Promise<Uint8Array | null | undefined> {
  try {
    return (await client.get(path, { codec: rawData })).data;
  } catch (error) {
    const { name } = error as Error;
    if (name === 'NONODE' || name === 'NOAUTH') return undefined;
    throw error;
  }
}

function shown(data: Uint8Array | null | undefined): string {
  if (data === undefined) return '';
  if (data === null || exactText(data) === undefined) return ` ${data === null ? 'null' : `(${data.length} bytes)`}`;
  const text = JSON.stringify(dataText(data));
  return ` ${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
