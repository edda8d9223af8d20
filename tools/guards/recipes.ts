/** Guards of the recipes: each can be taken out by a change of one line, and a test notices. */
export interface Guard {
  /** What happens without it. */
  readonly failure: string;
  /** Below the package. */
  readonly file: string;
  /** Text that occurs once. */
  readonly find: string;
  readonly replace: string;
  readonly spec: string;
  /** Beginning, or part, of the name of the test. */
  readonly test: string;
}

const LOCK_FAULTS = 'test/lock-faults.spec.ts';
const ELECTION_FAULTS = 'test/election-faults.spec.ts';
const LOCKS = 'test/locks.spec.ts';

export const recipeGuards: readonly Guard[] = [
  {
    failure: 'a node of the dead session is taken for one of ours (CURATOR-604, CURATOR-696)',
    file: 'src/support/own-node.ts',
    find: 'session === undefined || session.id !== stat.ephemeralOwner',
    replace: 'session === undefined',
    spec: LOCK_FAULTS,
    test: 'takes no node of a session before',
  },
  {
    failure: 'the lock is granted while the session may be over',
    file: 'src/locks/queue.ts',
    find: 'if (!node.isOurs()) throw',
    replace: 'if (node.signal.aborted) throw',
    spec: LOCK_FAULTS,
    test: 'is granted only while its session certainly lives',
  },
  {
    failure: 'the holder is never told that the session is over (kazoo#565, CURATOR-206)',
    file: 'src/support/own-node.ts',
    find: 'onAbort(this.signal, onAbort(signal, end));',
    replace: 'void onAbort;',
    spec: LOCK_FAULTS,
    test: 'is told no later than the next one holds',
  },
  {
    failure: 'a hold outlives its session until a timer gets its turn',
    file: 'src/support/own-node.ts',
    find: 'this.session.isAlive() &&',
    replace: '',
    spec: LOCK_FAULTS,
    test: 'knows on the clock alone that the session may be over',
  },
  {
    failure: 'a contender is left behind (kazoo#732, kazoo#760, CURATOR-79)',
    file: 'src/locks/queue.ts',
    find: 'if (!isGranted) void node?.remove();',
    replace: '',
    spec: LOCK_FAULTS,
    test: 'when the time is over while there is no connection',
  },
  {
    failure: 'a try creates a node where the lock is taken (kazoo#732)',
    file: 'src/locks/mutex.ts',
    find: 'if (once && (await isTaken(this.client, this.rules, scope))) return undefined;',
    replace: '',
    spec: LOCK_FAULTS,
    test: 'by a try where the lock is taken',
  },
  {
    failure: 'a waiter hangs after a recovered connection (kazoo#282)',
    file: 'src/locks/queue.ts',
    find: 'observables: [client.state$.pipe(skip(1), filter(isConnected))],',
    replace: '',
    spec: LOCK_FAULTS,
    test: 'looks again after a reconnect',
  },
  {
    failure: 'a waiter waits in a queue that has lost its node (etcd#22387)',
    file: 'src/locks/queue.ts',
    find: 'persist(() => node.watch(signal))',
    replace: 'Promise.resolve()',
    spec: LOCKS,
    test: 'takes a new place for a waiter whose node was deleted',
  },
  {
    failure: 'a holder is not told that its node was deleted',
    file: 'src/locks/queue.ts',
    find: 'persist(() => node.watch(signal))',
    replace: 'Promise.resolve()',
    spec: LOCKS,
    test: 'tells the holder whose node was deleted',
  },
  {
    failure: 'a guarded write commits behind the back of the next holder',
    file: 'src/support/hold.ts',
    find: '[this.check(), ...operations]',
    replace: "[op.check('/'), ...operations]",
    spec: LOCK_FAULTS,
    test: 'cannot write behind the back of the next one',
  },
  {
    failure: 'a hold goes on without a connection though it was told not to',
    file: 'src/support/hold.ts',
    find: "if (!isConnected(state)) this.lose('connectionLost');",
    replace: '',
    spec: LOCK_FAULTS,
    test: 'ends with the connection where that is the policy',
  },
  {
    failure: 'an owner whose lock is lost enters it again',
    file: 'src/locks/lock-hold.ts',
    find: 'if (share.lost !== undefined) throw share.lost;',
    replace: '',
    spec: LOCK_FAULTS,
    test: 'that gave up with the connection does not enter it again',
  },
  {
    failure: 'leases of a request that failed are kept',
    file: 'src/locks/semaphore.ts',
    find: 'for (const node of taken) void node.remove();',
    replace: '',
    spec: LOCK_FAULTS,
    test: 'by a semaphore that gets some leases',
  },
  {
    failure: 'locks of a set that was not complete are kept',
    file: 'src/locks/multi-lock.ts',
    find: 'for (const hold of holds.reverse()) hold.release().catch(() => undefined);',
    replace: '',
    spec: LOCK_FAULTS,
    test: 'by several locks that are not all to be had',
  },
  {
    failure: 'a writer overtakes a downgraded reader (CURATOR-621)',
    file: 'src/locks/read-write-lock.ts',
    find: "mode: 'ephemeral',",
    replace: "mode: 'ephemeralSequential',",
    spec: LOCKS,
    test: 'turns a writer into a reader without letting go',
  },
  {
    failure: 'a reader waits for itself to become a writer',
    file: 'src/locks/read-write-lock.ts',
    find: 'if (this.#read.owners.has(owner) && !this.owners.has(owner)) throw',
    replace: 'if (false as boolean) throw',
    spec: LOCKS,
    test: 'refuses at once to let a reader wait for itself',
  },
  {
    failure: 'a candidate leads by a node that is gone (CURATOR-724)',
    file: 'src/election/terms.ts',
    find: 'if (await awaitTurn(this.client, this.rules, node, { signal })) return node;',
    replace: 'return node;',
    spec: ELECTION_FAULTS,
    test: 'stands again after its node has vanished',
  },
  {
    failure: 'a node that the old session left is taken for a lasting one, and goes with that session',
    file: 'src/nodes/persistent-node.ts',
    find: 'this.#ownSessions.has(stat.ephemeralOwner)',
    replace: 'false',
    spec: 'test/node-faults.spec.ts',
    test: 'replaces what its old session left behind',
  },
  {
    failure: 'a sequential node is created twice when the reply is lost',
    file: 'src/nodes/persistent-node.ts',
    find: 'await this.#ownSequentials.find(path, session.id, this.#life.signal)',
    replace: '(undefined as string | undefined)',
    spec: 'test/node-faults.spec.ts',
    test: 'registers a sequential service once although the reply is lost',
  },
  {
    failure: 'a cache misses what changed while a look at it was under way',
    file: 'src/caches/task-queue.ts',
    find: "} else if (task.state === 'running') {",
    replace: '} else if (Boolean(0)) {',
    spec: 'test/caches.spec.ts',
    test: 'stays current through a burst',
  },
  {
    failure: 'a cache does not compare after a break, and misses what happened meanwhile',
    file: 'src/caches/tree-mirror.ts',
    find: 'this.#queue.add(this.#root, { subtree: true });\n    // What',
    replace: '// What',
    spec: 'test/caches.spec.ts',
    test: 'finds what changed while it was',
  },
  {
    failure: 'a cache tells of a child before its parent',
    file: 'src/caches/tree-mirror.ts',
    find: "return 'parked';",
    replace: ';',
    spec: 'test/cache-faults.spec.ts',
    test: 'creates a parent before its child',
  },
  {
    failure: 'a cache leaves its watch on the server',
    file: 'src/caches/tree-mirror.ts',
    find: 'await this.#source?.close().catch(() => undefined);',
    replace: '',
    spec: 'test/cache-faults.spec.ts',
    test: 'leaves no watch behind on the server',
  },
];
