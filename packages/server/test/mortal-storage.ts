import type { SnapshotWriter, Storage } from '@zk/contracts';
import type { MemoryStorage } from '@zk/storage-memory';

/** Turns methods of an object into others while leaving the rest alone. */
function altered<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, key) {
      const own = Reflect.get(methods, key) ?? Reflect.get(target, key, target);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

/**
 * What one server sees of a storage: after {@link die} nothing that the server still does reaches it, as if its
 * process were gone. Each life gets one of its own.
 */
export class MortalStorage {
  private isDead = false;
  readonly view: Storage;

  constructor(private readonly storage: MemoryStorage) {
    const { log, snapshots } = storage;
    const never = new Promise<never>(() => undefined);
    const mortalLog = altered(log, {
      append: (...args: Parameters<typeof log.append>) => void (this.isDead || log.append(...args)),
      sync: () => void (this.isDead || log.sync()),
      roll: () => void (this.isDead || log.roll()),
    });
    const mortalWriter = (writer: SnapshotWriter): SnapshotWriter =>
      altered(writer, { commit: () => (this.isDead ? never : writer.commit()) });
    const mortalSnapshots = altered(snapshots, {
      create: async (zxid) => (this.isDead ? never : mortalWriter(await snapshots.create(zxid))),
    });
    this.view = new Proxy(storage, {
      get(_, key) {
        if (key === 'log') return mortalLog;
        if (key === 'snapshots') return mortalSnapshots;
        const own: unknown = Reflect.get(storage, key, storage);
        return typeof own === 'function' ? own.bind(storage) : own;
      },
    });
  }

  /** The process is gone, and with it whatever no sync has covered. */
  die(): void {
    this.isDead = true;
    this.storage.crash();
  }
}
