/**
 * The body of the thread that syncs the log. It is handed to the thread as text, so that it runs the same from the
 * TypeScript sources, from the ESM build and from the CommonJS build: it must not refer to anything outside itself.
 *
 * The thread sleeps on a word of shared memory. A sync, the one command on the path of every transaction, travels in
 * shared memory too; the rare ones come as messages. Every answer is a message, since that is what wakes an event loop.
 */
export function syncThreadMain(load: (module: string) => unknown): void {
  const fs = load('node:fs') as typeof import('node:fs');
  const { parentPort, receiveMessageOnPort, workerData } = load(
    'node:worker_threads',
  ) as typeof import('node:worker_threads');
  const { performance } = load('node:perf_hooks') as typeof import('node:perf_hooks');
  const port = parentPort!;
  /** [0] counts commands, [1] is the descriptor to sync, or -1. */
  const control = new Int32Array((workerData as { control: SharedArrayBuffer }).control);
  const zeroes = new Uint8Array(256 * 1024);

  const fill = (fd: number, position: number, length: number): void => {
    for (let done = 0; done < length;) {
      done += fs.writeSync(fd, zeroes, 0, Math.min(zeroes.length, length - done), position + done);
    }
  };
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
    fill,
    truncate: (fd: number, length: number) => fs.ftruncateSync(fd, length),
    close: (fd: number) => fs.closeSync(fd),
    remove: (path: string) => fs.rmSync(path, { force: true }),
    probe: (path: string, length: number) => {
      try {
        withFile(path, 'w', (fd) => {
          fill(fd, 0, length);
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

  for (let seen = 0; ;) {
    Atomics.wait(control, 0, seen);
    seen = Atomics.load(control, 0);
    const fd = Atomics.exchange(control, 1, -1);
    if (fd >= 0) {
      const startedMs = performance.now();
      try {
        fs.fdatasyncSync(fd);
        port.postMessage(performance.now() - startedMs);
      } catch (error) {
        port.postMessage({ id: -1, error: describe(error) });
      }
    }
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      const { id, name, args } = next.message as { id: number; name: string; args: never[] };
      try {
        commands[name]!(...args);
        port.postMessage({ id });
      } catch (error) {
        port.postMessage({ id, error: describe(error) });
      }
      // A sync that has arrived meanwhile goes before further commands.
      if (Atomics.load(control, 1) >= 0) break;
    }
  }
}
