/** Guards of the values, barriers and queues. */
import type { Guard } from '../../packages/client/test/guards.js';

const VALUE_FAULTS = 'test/value-faults.spec.ts';
const QUEUE_FAULTS = 'test/queue-faults.spec.ts';
const BARRIER_FAULTS = 'test/barrier-faults.spec.ts';
const BARRIERS = 'test/barriers.spec.ts';
const QUEUES = 'test/queues.spec.ts';

export const valueGuards: readonly Guard[] = [
  {
    failure: 'an increment counts twice when its reply is lost',
    file: 'src/values/receipts.ts',
    find: "mayHaveApplied(error) ? await attempt.settle(receipt, scope) : 'notApplied'",
    replace: "('notApplied' as string)",
    spec: VALUE_FAULTS,
    test: 'counts once when its reply is lost',
  },
  {
    failure: 'a write is called not applied by a session that cannot know',
    file: 'src/values/receipts.ts',
    find: "return isSameSession() ? 'notApplied' : 'unknown';",
    replace: "return 'notApplied';",
    spec: VALUE_FAULTS,
    test: 'says that nobody can tell when the session went too',
  },
  {
    failure: 'a shared value goes back to an older one',
    file: 'src/values/shared-value.ts',
    find: 'if (present !== undefined && next.zxid <= present.zxid) return;',
    replace: '',
    spec: VALUE_FAULTS,
    test: 'never shows an older value after a newer one',
  },
  {
    failure: 'a member of a barrier is counted twice after its session',
    file: 'src/barriers/double-barrier.ts',
    find: "this.#client.delete(node.path, { ifMissing: 'ignore', signal: scope.signal })",
    replace: 'Promise.resolve()',
    spec: BARRIER_FAULTS,
    test: 'counts one whose session is over on its own clock',
  },
  {
    failure: 'what a crashed round has left behind lets the first member in alone',
    file: 'src/barriers/double-barrier.ts',
    find: 'if (!isLeftBehind || this.memberCount === 1) return true;',
    replace: 'return true;',
    spec: BARRIERS,
    test: 'is not fooled by what a crashed round has left behind',
  },
  {
    failure: 'an item is put twice when the reply is lost',
    file: 'src/queues/queue-core.ts',
    find: 'await this.writer.write(operations, scope);',
    replace: 'await persistently(this.client, scope, () => this.client.multi(operations, { signal: scope.signal }));',
    spec: QUEUE_FAULTS,
    test: 'an item is put once',
  },
  {
    failure: 'an item is lost when the reply of its removal is lost',
    file: 'src/queues/queue-core.ts',
    find: 'await this.writer.write([op.delete(path, found.version)], scope, stillThere);',
    replace:
      'void stillThere; await persistently(this.client, scope, () => this.client.multi([op.delete(path, found.version)], { signal: scope.signal }));',
    spec: QUEUE_FAULTS,
    test: 'an item is neither lost nor doubled when it is taken',
  },
  {
    failure: 'an item stays locked by a lock whose reply was lost',
    file: 'src/queues/item-lock.ts',
    find: 'return isUnsure ? findLock(client, path, token, scope) : undefined;',
    replace: 'return undefined;',
    spec: QUEUE_FAULTS,
    test: 'a lock whose reply was lost is found again',
  },
  {
    failure: 'a cancelled take leaves a lock behind',
    file: 'src/queues/item-lock.ts',
    find: 'if (isUnsure) void unlock(client, { path, token });',
    replace: '',
    spec: QUEUE_FAULTS,
    test: 'a take that is cancelled while it locks leaves no lock behind',
  },
  {
    failure: 'an item is deleted under the hands of its next consumer',
    file: 'src/queues/claim.ts',
    find: 'using either = new LinkedSignal(scope.signal, this.#lock.signal);',
    replace: 'using either = new LinkedSignal(scope.signal);',
    spec: QUEUE_FAULTS,
    test: 'a completion that waited for a connection is not sent in another session',
  },
  {
    failure: 'an item is completed by a consumer that has lost it',
    file: 'src/queues/claim.ts',
    find: 'if (this.signal.aborted) throw this.signal.reason;',
    replace: '',
    spec: QUEUES,
    test: 'hands an item that is worked on to nobody else',
  },
];
