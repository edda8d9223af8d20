/**
 * The body of the thread that syncs the log. It is handed to the thread as text, so that it runs the same from the
 * TypeScript sources, from the ESM build and from the CommonJS build: it must not refer to anything outside itself.
 *
 * The thread sleeps on a word of shared memory. A sync, the one command on the path of every transaction, travels in
 * shared memory too; the rare ones come as messages. Every answer is a message, since that is what wakes an event loop.
 *
 * A sync goes before everything, a fill behind everything, and a fill is done in slices between which a sync is looked
 * for: what is written ahead of time delays nobody by more than a slice.
 */
export function syncThreadMain(load: (module: string) => unknown): void {
  const fs = load('node:fs') as typeof import('node:fs');
  const { parentPort, receiveMessageOnPort, workerData } = load(
    'node:worker_threads',
  ) as typeof import('node:worker_threads');
  const { performance } = load('node:perf_hooks') as typeof import('node:perf_hooks');
  const port = parentPort!;
  /** [0] counts commands, [1] is the descriptor to sync, or -1, [2] counts the commands among them that are messages. */
  const control = new Int32Array((workerData as { control: SharedArrayBuffer }).control);
  /** A slice of a fill: about 50 µs. */
  const zeroes = new Uint8Array(128 * 1024);
  const fills: { readonly id: number; readonly fd: number; position: number; readonly end: number }[] = [];

  const withFile = (path: string, flags: string, use: (fd: number) => void): void => {
    const fd = fs.openSync(path, flags);
    try {
      use(fd);
    } finally {
      fs.closeSync(fd);
    }
  };
  const commands: Record<string, (...args: never[]) => void> = {
    syncDirectory: (path: string) => withFile(path, 'r', (fd) => fs.fsyncSync(fd)),
    truncate: (fd: number, length: number) => fs.ftruncateSync(fd, length),
    close: (fd: number) => fs.closeSync(fd),
    remove: (path: string) => fs.rmSync(path, { force: true }),
    probe: (path: string, length: number) => {
      try {
        withFile(path, 'w', (fd) => {
          for (let done = 0; done < length; done += zeroes.length) fs.writeSync(fd, zeroes);
          fs.fdatasyncSync(fd);
        });
      } finally {
        fs.rmSync(path, { force: true });
      }
    },
  };
  const describe = (error: unknown) => {
    const { message, code } = error as NodeJS.ErrnoException;
    return { message, code };
  };

  const syncIfWanted = (): void => {
    const fd = Atomics.exchange(control, 1, -1);
    if (fd < 0) return;
    const startedMs = performance.now();
    try {
      fs.fdatasyncSync(fd);
      port.postMessage(performance.now() - startedMs);
    } catch (error) {
      port.postMessage({ id: -1, error: describe(error) });
    }
  };
  const perform = (id: number, name: string, args: readonly never[]): void => {
    if (name === 'fill') {
      const [fd, position, length] = args as readonly number[];
      fills.push({ id, fd: fd!, position: position!, end: position! + length! });
      return;
    }
    try {
      commands[name]!(...args);
      port.postMessage({ id });
    } catch (error) {
      port.postMessage({ id, error: describe(error) });
    }
  };
  const fillSlice = (): void => {
    const [next] = fills;
    if (next === undefined) return;
    try {
      const length = Math.min(zeroes.length, next.end - next.position);
      next.position += fs.writeSync(next.fd, zeroes, 0, length, next.position);
      if (next.position < next.end) return;
      port.postMessage({ id: next.id });
    } catch (error) {
      port.postMessage({ id: next.id, error: describe(error) });
    }
    fills.shift();
  };

  // Looking for a message costs a third of a round trip, and hardly any comes: looked for only when one has been sent.
  for (let seen = 0, received = 0; ;) {
    if (fills.length === 0) Atomics.wait(control, 0, seen);
    seen = Atomics.load(control, 0);
    syncIfWanted();
    for (; received !== Atomics.load(control, 2); received = (received + 1) | 0) {
      const { id, name, args } = receiveMessageOnPort(port)!.message as { id: number; name: string; args: never[] };
      perform(id, name, args);
      syncIfWanted();
    }
    fillSlice();
  }
}
