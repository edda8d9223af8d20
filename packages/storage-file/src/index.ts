export { replaceFile, syncDirectory } from './durable-fs.js';
export { FileStorage } from './file-storage.js';
export type { LogDevice } from './log-device.js';
export { makeDirectories } from './make-directories.js';
export type { FileStorageOptions, SnapshotCompression } from './options.js';
export { ThreadLogDevice } from './thread-log-device.js';
