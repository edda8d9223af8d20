import { describeStorage } from '@zk/compliance';
import type { FileStorageOptions } from '../src/index.js';
import { FileHarness } from './file-harness.js';

const variants: readonly (readonly [name: string, options: Partial<FileStorageOptions>, hasLogDir: boolean])[] = [
  ['FileStorage', {}, false],
  [
    'FileStorage with a log directory and gz, without preallocation',
    { snapshotCompression: 'gz', preAllocBytes: 0 },
    true,
  ],
  ['FileStorage with snappy and small log files', { snapshotCompression: 'snappy', txnLogSizeLimitBytes: 500 }, false],
];

for (const [name, options, hasLogDir] of variants) {
  describeStorage(name, { create: () => Promise.resolve(new FileHarness(options, hasLogDir)) });
}
