/*
 * Preloaded into a server (NODE_OPTIONS=--require) by the crash tool: every sync of file data takes ZK_SLOW_SYNC_MS
 * longer, counted after the real one has succeeded. A reply that comes sooner was not waiting for its sync.
 */
'use strict';
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const delayMs = Number(process.env.ZK_SLOW_SYNC_MS ?? 300);
const cell = new Int32Array(new SharedArrayBuffer(4));

for (const name of ['fsync', 'fdatasync']) {
  const original = fs[name];
  fs[name] = (fd, callback) => original(fd, (error) => setTimeout(() => callback(error), delayMs));
  const originalSync = fs[`${name}Sync`];
  fs[`${name}Sync`] = (fd) => {
    originalSync(fd);
    Atomics.wait(cell, 0, 0, delayMs);
  };
}
const originalOpen = fs.promises.open;
fs.promises.open = async (...args) => {
  const handle = await originalOpen(...args);
  for (const name of ['sync', 'datasync']) {
    const original = handle[name].bind(handle);
    handle[name] = async () => {
      await original();
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    };
  }
  return handle;
};
syncBuiltinESMExports();
