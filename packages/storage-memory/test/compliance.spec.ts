import { describeStorage } from '@zk/compliance';
import { MemoryStorage } from '../src/index.js';

describeStorage('MemoryStorage', {
  create: () => {
    const storage = new MemoryStorage();
    return Promise.resolve({
      storage,
      restart: () => storage.close().then(() => storage),
      crash: () => {
        storage.crash();
        return Promise.resolve(storage);
      },
      holdSyncs: () => storage.holdSyncs(),
      heldSync: () => storage.heldSync(),
      releaseSyncs: () => storage.releaseSyncs(),
      failWrites: (error: Error) => storage.failWrites(error),
      allowWrites: () => storage.allowWrites(),
      failNextSync: (error: Error) => storage.failNextSync(error),
      dispose: () => storage.close(),
    });
  },
});
